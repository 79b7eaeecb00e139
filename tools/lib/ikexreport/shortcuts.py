# SPDX-License-Identifier: GPL-2.0-or-later
"""What tshark need not dissect for a report on IKE.

The plugin reads IP packets itself: IKE and ESP in UDP, IKE in TCP (RFC 9329), fragments, ICMP. It needs tshark
for everything around and above them that may carry IP: link layers, VLAN, PPP, MPLS, tunnels. So what is left out
carries neither IP nor IKE. That could hide something only where

  - IKE is in TCP and reaches Wireshark's own ISAKMP dissector by "Decode As",
  - IP is in TCP, or in one of the protocols below.

For these there is --full. What a version of Wireshark does not know is left out.
"""

import re

# Wireshark 4.0 takes no offence at a protocol, 4.6 does.
UNKNOWN = re.compile(r'No such protocol ([^\s,]+)|-o flag "([^":]+).*" specifies (?:unknown|obsolete)', re.I)

# Applications of UDP by their port, and those that Wireshark guesses by content. Not in this list, since they
# carry IP or Ethernet: teredo, wg, mp2t, redbackli, e100, rpcap, and the radio protocols (pdcp, rlc, mac, fp).
UDP_APPLICATIONS = """
dns mdns llmnr nbns nbdgm ntp snmp syslog dhcp dhcpv6 ssdp sip rtp rtcp coap tftp radius cflow sflow
quic gquic dtls stun classicstun bt-dht bt-utp rpc dcerpc xml json thrift someip rtps
adwin_config aeron applemidi ar_drone artnet asphodel cigi clique-rm dcc dcp-etsi dplay fortinet_sso giop goose
gvsp icep jxta lanforge lbmr lbtrm lbtru lsd miop mojito netperfmeter njack ocp1 pana pathport raknet reload
reload-framing rlm shicp sprt srt t38 udt waveagent wol bfcp cattp acn dnp3 gelf interlink mndp nano norm osc skype
""".split()

# With keys, IKE in TCP is left to Wireshark's dissector too, which decrypts it: TCP stays, without these.
TCP_APPLICATIONS = """
tls http http2 ssh smb smb2 nbss ldap kerberos rdp tpkt ftp ftp-data smtp imap pop mysql pgsql tds mqtt amqp bgp
rtsp sip msrp rpc dcerpc json xml thrift giop xmpp irc telnet vnc bittorrent
""".split()

# Work that a report does not see.
PREFERENCES = ("ip.summary_in_tree:FALSE", "ipv6.summary_in_tree:FALSE", "udp.summary_in_tree:FALSE")


def arguments(with_keys=False, unknown=()):
    """The arguments that make tshark skip them, without names that it does not know."""
    protocols = {*UDP_APPLICATIONS, *(TCP_APPLICATIONS if with_keys else ("tcp",))}
    preferences = {name.partition(":")[0]: name for name in PREFERENCES}
    return [word for name in sorted(protocols.difference(unknown)) for word in ("--disable-protocol", name)] + \
        [word for name in sorted(preferences.keys() - set(unknown)) for word in ("-o", preferences[name])]


def unknown_in(stderr):
    """The names that tshark says it does not know, of which there may be more."""
    return {name for match in UNKNOWN.finditer(stderr) for name in match.groups() if name}
