# SPDX-License-Identifier: GPL-2.0-or-later
"""IKEv2 SAs for scenarios: IKE_SA_INIT with its retries, then requests and responses of either end.

    sa = Ikev2Sa(c, *pair(c))
    sa.init_req()
    sa.init_resp()
    sa.auth()
    sa.exchange(sa.responder, v2.CREATE_CHILD_SA, 200, 200)

A request takes the next message ID of its sender; a response belongs to the request that it is given.
"""
import ikev2wire as v2
from ladder import Association, Note

AES_SHA256 = v2.Suite()
AES_SHA1 = v2.Suite(prf=v2.PRF_SHA1, integ=v2.SHA1_96)
AES_GCM = v2.Suite(encr=v2.AES_GCM_16, key_bits=256, integ=None, groups=(31,))

NO_SPI = bytes(8)
AUTH_REQUEST, AUTH_RESPONSE = 220, 180  # payloads of IKE_AUTH with a pre-shared key
CHILD = 180                             # payloads of CREATE_CHILD_SA for a Child SA with a new key exchange
EMPTY, NOTIFY, DELETE_IKE, DELETE_ESP = 0, 8, 8, 12  # payloads of INFORMATIONAL
OUTSIDE = "outside any SA"


class Ikev2Sa(Association):
    """One IKE SA: SPIs, suite, message IDs of either side, and a method per message.

    A packet_length makes IKE fragments of what is longer.
    """

    def __init__(self, conv, initiator, responder, suite=AES_SHA256, spi_i=None):
        super().__init__(conv, initiator, responder)
        self.suite, self.group = suite, suite.groups[0]
        self.spi_i, self.spi_r = spi_i or conv.rng.bytes(8), conv.rng.bytes(8)
        self.nonce, self.public_values = conv.rng.bytes(32), {}
        self.following = {initiator: 1, responder: 0}  # message IDs
        self.announced = {initiator: [v2.notify(v2.FRAGMENTATION_SUPPORTED)],
                          responder: [v2.notify(v2.FRAGMENTATION_SUPPORTED)]}
        self.packet_length, self.fragments_made = None, {}

    # Sending

    def note(self, sender, response, data):
        """What the truth says about a message; a request is known by SPIs, requester and message ID."""
        exchange = v2.EXCHANGE_NAMES[data[18]]
        requester = self.peer(sender) if response else sender
        first = data[18] in (v2.IKE_SA_INIT, v2.IKE_SESSION_RESUME)
        key = (self.spi_i, b"" if first else self.spi_r, requester, data[20:24])
        return Note(f"{exchange}.{'resp' if response else 'req'}", data, key)

    def flags(self, sender, response):
        return (v2.INITIATOR if sender is self.initiator else 0) | (v2.RESPONSE if response else 0)

    def clear(self, sender, exchange, payloads, after=None, response=False, msgid=0, spi_r=None):
        """Send a message in clear."""
        self.conv.pause(after)
        data = v2.clear_message(self.spi_i, self.spi_r if spi_r is None else spi_r, exchange, payloads,
                                self.flags(sender, response), msgid)
        note = self.note(sender, response, data)
        self.deliver(sender, note)
        return note

    def sealed(self, sender, exchange, content, msgid, response=False, first=None):
        """The note of an encrypted message with content bytes of payloads, without sending it."""
        if first is None:
            first = v2.FIRST_INSIDE[exchange][response] if content else 0
        return self.note(sender, response, v2.sealed_message(
            self.conv.rng, self.suite, self.spi_i, self.spi_r, first, exchange,
            self.flags(sender, response), msgid, content))

    def put(self, sender, note, lose=()):
        """Send a message, whole or in fragments; lose are numbers of fragments that are never captured."""
        if not self.packet_length or len(note.data) <= self.largest:
            self.deliver(sender, note)
            return note
        parts = self.fragments(note.data)
        for number, part in enumerate(parts, 1):
            open_still = number < len(parts) or bool(lose)
            piece = Note(note.label, note.data, note.key, open_still, fragment=True)
            self.deliver(sender, piece, part, lose=(0,) if number in lose else ())
            self.conv.wait(0.00002)
        return note

    @property
    def largest(self):
        """The largest message that fits into one packet."""
        return self.packet_length - 20 - 8 - (4 if self.port != 500 else 0)

    def fragments(self, whole):
        """The fragments of a message, the same ones each time that it is sent."""
        key = whole, self.largest
        if key not in self.fragments_made:
            self.fragments_made[key] = v2.fragments(self.conv.rng, self.suite, whole, self.largest)
        return self.fragments_made[key]

    # IKE_SA_INIT

    def public_value(self, group):
        """The initiator's public value, which stays the same when only a cookie is added."""
        if group not in self.public_values:
            self.public_values[group] = self.conv.rng.bytes(v2.KE_LENGTH[group])
        return self.public_values[group]

    def nat_detection(self, sender, spi_r):
        """The notifies of a sender behind no NAT that it knows of."""
        destination, source = self.nat_ends(sender)
        return v2.nat_detection(self.spi_i, spi_r, source, destination)

    def init_req(self, after=0.0, cookie=None, group=None):
        """IKE_SA_INIT; with a cookie, or another group, as the responder wants it."""
        self.group = group or self.group
        payloads = [v2.notify(v2.COOKIE, cookie)] if cookie else []
        payloads += [v2.sa_payload(self.suite.offered()),
                     v2.ke_payload(self.group, self.public_value(self.group)), (v2.NONCE, self.nonce)]
        payloads += self.nat_detection(self.initiator, NO_SPI) + self.announced[self.initiator]
        return self.clear(self.initiator, v2.IKE_SA_INIT, payloads, after, spi_r=NO_SPI)

    def init_resp(self):
        random = self.conv.rng.bytes
        payloads = [v2.sa_payload(self.suite.chosen(self.group)),
                    v2.ke_payload(self.group, random(v2.KE_LENGTH[self.group])), (v2.NONCE, random(32))]
        payloads += self.nat_detection(self.responder, self.spi_r) + self.announced[self.responder]
        return self.clear(self.responder, v2.IKE_SA_INIT, payloads, response=True)

    def init_error(self, kind, data=b"", exchange=v2.IKE_SA_INIT, spi_r=NO_SPI):
        """A response that only says what is wrong or wanted, usually without an SPI of the responder."""
        return self.clear(self.responder, exchange, [v2.notify(kind, data)], response=True,
                          spi_r=spi_r)

    def cookie(self):
        """The responder asks for a cookie; returns it."""
        secret = self.conv.rng.bytes(24)
        self.init_error(v2.COOKIE, secret)
        return secret

    def init(self):
        """IKE_SA_INIT without trouble."""
        self.init_req()
        return self.init_resp()

    # IKE_SESSION_RESUME

    def resume_req(self):
        payloads = [(v2.NONCE, self.nonce), v2.notify(v2.TICKET_OPAQUE, self.conv.rng.bytes(120))]
        return self.clear(self.initiator, v2.IKE_SESSION_RESUME, payloads, 0.0, spi_r=NO_SPI)

    def resume_resp(self):
        payloads = [(v2.NONCE, self.conv.rng.bytes(32))]
        return self.clear(self.responder, v2.IKE_SESSION_RESUME, payloads, response=True)

    # Requests and responses

    def ask(self, sender, exchange, content, msgid=None, first=None):
        """The note of a request with the sender's next message ID, without sending it."""
        if msgid is None:
            msgid, self.following[sender] = self.following[sender], self.following[sender] + 1
        return self.sealed(sender, exchange, content, msgid, first=first)

    def answer(self, asked, content, first=None):
        """The note of the response to a request, without sending it."""
        msgid = int.from_bytes(asked.data[20:24], "big")
        return self.sealed(self.peer(asked.key[2]), asked.data[18], content, msgid, True, first)

    def request(self, sender, exchange, content, after=None, msgid=None, first=None):
        self.conv.pause(after)
        return self.put(sender, self.ask(sender, exchange, content, msgid, first))

    def response(self, asked, content, after=None, first=None):
        self.conv.pause(after)
        return self.put(self.peer(asked.key[2]), self.answer(asked, content, first))

    def again(self, note, after, lose=(), response=False):
        """A message once more, through the ports or the connection that are in use now."""
        self.conv.wait(after)
        self.put(self.peer(note.key[2]) if response else note.key[2], note, lose)

    def exchange(self, sender, exchange, asked, answered, after=None, quick=None):
        """A request and its response; quick is the time between them."""
        return self.response(self.request(sender, exchange, asked, after), answered, quick)

    # IKE_AUTH

    def float_port(self):
        """To UDP 4500 when there is a NAT."""
        if self.conv.nat:
            self.port = 4500

    def auth_req(self, content=AUTH_REQUEST):
        self.float_port()
        return self.request(self.initiator, v2.IKE_AUTH, content)

    def auth(self, asked=AUTH_REQUEST, answered=AUTH_RESPONSE):
        """IKE_AUTH without trouble."""
        return self.response(self.auth_req(asked), answered)

    def establish(self):
        self.init()
        return self.auth()

    def eap_round(self, asked, answered):
        """A round of EAP after the first."""
        request = self.request(self.initiator, v2.IKE_AUTH, asked, first=v2.EAP)
        return self.response(request, answered, first=v2.EAP)

    # The SA is up

    def alive(self, asker, after=10.0, answered=0.02):
        """A liveness check: an INFORMATIONAL exchange without payloads."""
        return self.exchange(asker, v2.INFORMATIONAL, EMPTY, EMPTY, after, answered)

    def delete(self, sender, after=None):
        """The IKE SA is deleted, which an empty response confirms."""
        asked = self.request(sender, v2.INFORMATIONAL, DELETE_IKE, after, first=v2.DELETE)
        return self.response(asked, EMPTY)

    def child(self, sender, after=None):
        return self.exchange(sender, v2.CREATE_CHILD_SA, CHILD, CHILD, after)

    def rekeyed(self, starter, after=None):
        """CREATE_CHILD_SA for a new IKE SA; returns that one, whose initiator is who started it."""
        self.exchange(starter, v2.CREATE_CHILD_SA, 2 * CHILD, 2 * CHILD, after)
        new = Ikev2Sa(self.conv, starter, self.peer(starter), self.suite)
        new.port, new.following[starter] = self.port, 0
        return new

    # Outside any SA

    def unprotected(self, sender, exchange, payloads, msgid, after=None, response=True):
        """A notify in clear about a message that the sender cannot accept: no answer of this SA."""
        self.conv.pause(after)
        data = v2.clear_message(self.spi_i, self.spi_r, exchange, payloads, self.flags(sender, response),
                                msgid)
        note = self.note(sender, response, data)
        note.key = (OUTSIDE,)
        self.deliver(sender, note)
        return note


class TcpSa(Ikev2Sa):
    """An IKE SA that speaks through TCP. A new stream takes over when the old one dies."""

    def __init__(self, conv, stream):
        super().__init__(conv, stream.client, stream.server)
        self.stream = stream

    def ports(self, sender):
        return self.stream.ports[sender], self.stream.ports[self.peer(sender)]

    def nat_ends(self, sender):
        source, destination = self.ports(sender)
        return (self.peer(sender).address, destination), (sender.address, source)

    def deliver(self, sender, note, data=None, marker=None, lose=()):
        return self.stream.message(sender, note)
