/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the rows of each report say of one conversation with a bit of everything.
 */
#include "readable.h"
#include "rows.h"

#define AES "AES-CBC-256 / SHA2-256 / pre-shared key / group 14 (MODP-2048), 28800 s"
#define TRIPLE_DES "3DES-CBC / SHA1 / RSA signatures / group 2 (MODP-1024), 86400 s"
#define ESP_AES "ESP AES-CBC-256 / HMAC-SHA2-256-128, tunnel, 3600 s"
#define VENDORS "RFC 3947; DPD (RFC 3706); IKE fragmentation"

/* Main Mode through a NAT, MM1 sent again; a Quick Mode on port 4500, QM1 in IP fragments; ESP, of which packets
 * are missing; a delete. Then a negotiation that is refused, and a piece of a message. */
static void play_v1(ladder *l)
{
    l->offer[1] = (wire_transform){ 5, 0, IKE_HASH_SHA1, 3, 2, 86400 };
    l->n_offer = 2;
    mm1(l);
    after(l, 1);
    nat_seen_outside(l);
    main_mode_with_keys(l);
    move_to_4500(l);
    in_ip_fragments(l, 96, NULL);
    quick_mode_with(l, 0xa1, TO_INITIATOR, TO_RESPONDER);
    esp(l, INITIATOR, TO_RESPONDER, 1);
    esp(l, INITIATOR, TO_RESPONDER, 4);
    same_packet(l);
    esp(l, RESPONDER, TO_INITIATOR, 1);
    info_with_delete(l, INITIATOR, 0xb1, TO_INITIATOR);
    next_sa(l);
    l->marker = false;
    host_is(l, INITIATOR, "10.1.0.3", 500);
    host_is(l, RESPONDER, "10.2.0.2", 500);
    mm1(l);
    refuse(l, RESPONDER, 14);
    in_ip_fragments(l, 64, "1");
    mm5(l);
    long_after(l);
}

static rows *rows_of_v1(ladder *l, const char *report)
{
    ladder_begin(l);
    play_v1(l);
    return rows_of(l, report);
}

static void end(ladder *l, rows *r)
{
    rows_free(r);
    ladder_end(l);
}

/* ---- log ---- */

static void log_of_main_mode(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "log");

    g_assert_cmpuint(rows_count(r, "message"), ==, 14);
    rows_expect(r, 0, "message", "frame=1  frames=1  time=2023-11-14T22:13:20.000000Z  time_relative=0  kind=message  "
                                 "sa=0  child=  version=1  sender=initiator  source=10.1.0.2  source_port=500  "
                                 "destination=10.2.0.2  destination_port=500  encapsulation=UDP");
    rows_expect(r, 0, "message", "msg=MM1  known_by=content  exchange=2  exchange_name=Main Mode  message_id=00000000  "
                                 "spi_initiator=1111111111111101  spi_responder=0000000000000000  next_payload=SA  "
                                 "flags=none  length=180  encrypted=false  encrypted_bytes=  decrypted=  "
                                 "payloads=SA; VID x3  notify=  vendors=" VENDORS);
    rows_expect(r, 0, "message", "chosen=  fragment=  copy=  request_in=  response_in=3  expects=MM2  "
                                 "state=sa-offered  cisco_state=MM_WAIT_MSG2  nat=I  nat_float=false  "
                                 "findings=weak_ikev1");
    rows_expect(r, 1, "message", "frame=2  kind=retransmission  source=198.51.100.7  msg=MM1  copy=1  copy_of=1  "
                                 "copy_delay=1  response_in=3  vendors=  findings=retrans");
    rows_expect(r, 2, "message", "frame=3  sender=responder  msg=MM2  spi_responder=2222222222222201  chosen=" AES
                                 "  request_in=1  response_in=  response_time=1.01  response_time_last=0.01  "
                                 "expects=MM3  state=sa-chosen");
    rows_expect(r, 5, "message", "msg=MM5  next_payload=ID  flags=E  length=92  encrypted=true  encrypted_bytes=64  "
                                 "decrypted=true  payloads=ID; HASH  response_in=7  state=authenticating");
    end(&l, r);
}

static void log_of_quick_mode(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "log");

    rows_expect(r, 7, "message", "frame=10  frames=8; 9; 10  msg=QM1  child=0  message_id=000000a1  fragment=IP  "
                                 "fragment_number=  fragment_total=3  encapsulation=UDP with non-ESP marker  "
                                 "nat_float=true  payloads=HASH; SA; NONCE; ID x2  findings=ipfrag");
    rows_expect(r, 9, "message", "msg=QM3  cisco_state=MM_ACTIVE  expects=  request_in=");
    rows_expect(r, 10, "message", "msg=INFO  notify=DELETE ESP c1000001  cisco_state=  child=");
    end(&l, r);
}

static void log_of_refusal(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "log");

    rows_expect(r, 12, "message", "frame=19  msg=INFO  notify=NO-PROPOSAL-CHOSEN  findings=mm1_reject  nat=");
    rows_expect(r, 13, "message", "frame=20  kind=piece  msg=  known_by=  fragment=IP  fragment_number=1  "
                                  "fragment_total=2  digest=  findings=ipfrag_loss");
    end(&l, r);
}

/* The same packet twice; the same bytes have one digest. */
static void log_of_duplicates(void)
{
    ladder l;
    rows *r;

    ladder_begin(&l);
    mirrored(&l, mm1);
    mm2(&l);
    r = rows_of(&l, "log");
    g_assert_cmpuint(rows_count(r, "message"), ==, 2);
    rows_expect(r, 0, "message", "frame=1  duplicates=2");
    end(&l, r);
}

/* The NAT gives the initiator another port. */
static void log_of_mapping(void)
{
    ladder l;
    rows *r;

    ladder_begin(&l);
    nat_seen_outside(&l);
    main_mode(&l);
    move_to_4500(&l);
    l.hosts[INITIATOR].seen.port = 61000;
    quick_mode(&l, 0xa1);
    l.hosts[INITIATOR].seen.port = 62000;
    quick_mode(&l, 0xa2);
    r = rows_of(&l, "log");
    rows_expect(r, 9, "message", "msg=QM1  source_port=62000  nat_mapping=198.51.100.7:62000");
    end(&l, r);
}

/* Of an error outside any IKE SA there is only what its header says. */
static void log_of_stray_error(void)
{
    ladder l;
    rows *r;

    ladder_begin(&l);
    v2_invalid_spi(&l, RESPONDER, (v2_spis){ 0, 0, INITIATOR }, 0xc1000001);
    r = rows_of(&l, "log");
    rows_expect(r, 0, "message", "sa=  sender=unknown  state=  spi_initiator=0000000000000000  "
                                 "notify=INVALID_SPI  nat=  flags=I");
    end(&l, r);
}

/* ---- sa ---- */

static void ike_sas(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "sa");

    g_assert_cmpuint(rows_count(r, "ike_sa"), ==, 2);
    rows_expect(r, 0, "ike_sa", "sa=0  version=1  mode=Main Mode  initiator=10.1.0.2  initiator_port=500  "
                                "responder=10.2.0.2  responder_port=500  roles_known_by=content  state=established  "
                                "state_known_by=observed  failed=false  joined=false  first_frame=1  last_frame=17  "
                                "first_time=2023-11-14T22:13:20.000000Z  last_time=2023-11-14T22:13:21.150000Z  "
                                "established_time=2023-11-14T22:13:21.050000Z  setup=1.05");
    rows_expect(r, 0, "ike_sa", "chosen=" AES "  offered=" AES "; " TRIPLE_DES "  encryption=AES-CBC-256  "
                                "integrity=SHA2-256  group=group 14 (MODP-2048)  authentication=pre-shared key  "
                                "lifetime=28800  lifetime_kilobytes=  messages=10  retransmissions=1");
    rows_expect(r, 0, "ike_sa", "nat_initiator=true  nat_responder=false  nat_method=RFC 3947  nat_float=true  "
                                "tcp=false  identity_initiator=sun.example  identity_responder=moon.example  user=  "
                                "given_address=  vendors_initiator=" VENDORS "  deleted_frame=  renews=  renewed_as=  "
                                "findings=weak_ikev1; retrans; ipfrag; natt_detected; esp_loss; esp_notencap");
    rows_expect(r, 1, "ike_sa", "state=sa-offered  failed=true  established_time=  setup=  chosen=  encryption=  "
                                "lifetime=  nat_initiator=  nat_responder=  nat_method=  nat_float=false  "
                                "identity_initiator=encrypted  vendors_responder=");
    rows_expect(r, 0, "result", "result=FAIL  errors=1  warnings=1  notes=2  failed=1  sas=2  children=1  messages=12");
    end(&l, r);
}

static void child_and_ipsec_sas(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "sa");

    g_assert_cmpuint(rows_count(r, "child_sa"), ==, 1);
    g_assert_cmpuint(rows_count(r, "ipsec_sa"), ==, 2);
    rows_expect(r, 0, "child_sa", "child=0  sa=0  mode=Quick Mode  message_id=000000a1  initiator=10.1.0.2  "
                                  "responder=10.2.0.2  state=deleted  first_frame=10  setup=0.02  first_packet=0.01  "
                                  "messages=3  retransmissions=0  proposal=" ESP_AES "  offered=" ESP_AES
                                  "  traffic_selectors=10.1.0.0/16 <-> 10.2.0.0/16  encapsulation=tunnel  "
                                  "deleted_frame=17");
    rows_expect(r, 0, "child_sa", "protocol=ESP  spi_out=c2000002  packets_out=2  bytes_out=208  spi_in=c1000001  "
                                  "packets_in=1  bytes_in=104  spis_known_by=keys");
    rows_expect(r, 0, "ipsec_sa", "spi=c2000002  protocol=ESP  source=198.51.100.7  source_port=  "
                                  "destination=10.2.0.2  destination_port=  sa=0  child=0  known_by=keys  "
                                  "first_frame=13  last_frame=14  packets=2  bytes=208  missing=2  repeated=0  "
                                  "fragmented=0  null_content=");
    end(&l, r);
}

/* Without keys: what is encrypted says so, and SPIs are those of packets. */
static void child_without_keys(void)
{
    ladder l;
    rows *r;

    ladder_begin(&l);
    main_mode(&l);
    move_to_4500(&l);
    quick_mode(&l, 0xa1);
    send_datagram(&l, INITIATOR, "\0\0\x10\0\0\0\0\1 and what is encrypted", 24);
    r = rows_of(&l, "sa");
    rows_expect(r, 0, "child_sa", "state=established  proposal=encrypted  offered=  traffic_selectors=encrypted  "
                                  "encapsulation=encrypted  protocol=ESP/UDP  spi_out=00001000  spi_in=  packets_in=  "
                                  "spis_known_by=only candidate  first_packet=0.01");
    rows_expect(r, 0, "ipsec_sa", "protocol=ESP/UDP  source_port=4500  destination_port=4500  known_by=only candidate");
    end(&l, r);
}

static void v2_sas(void)
{
    ladder l;
    rows *r;

    ladder_begin(&l);
    v2_tunnel(&l);
    rekey_with(&l, INITIATOR, 2, UINT64_C(0x1111111111121101), UINT64_C(0x2222222222232201));
    v2_use(&l, (v2_spis){ UINT64_C(0x1111111111121101), UINT64_C(0x2222222222232201), INITIATOR });
    delete_ike_sa(&l, INITIATOR, 0);
    r = rows_of(&l, "sa");
    rows_expect(r, 0, "ike_sa", "version=2  mode=IKE_SA_INIT  state=rekeyed  renews=  renewed_as=1  "
                                "authentication=pre-shared key (initiator), pre-shared key (responder)  "
                                "identity_initiator=sun@example  lifetime=  "
                                "group=group 14 (MODP-2048)");
    rows_expect(r, 1, "ike_sa", "version=2  state=deleted  renews=0  renewed_as=  deleted_frame=7  "
                                "spi_initiator=1111111111121101");
    rows_expect(r, 0, "child_sa", "mode=IKE_AUTH  traffic_selectors=10.1.0.0/16 <-> 10.2.0.0/16  message_id=00000001  "
                                  "proposal=ESP AES-GCM-16-256");
    end(&l, r);
}

/* ---- audit ---- */

static void events_of_success(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "audit");

    g_assert_cmpuint(rows_count(r, "event"), ==, 8);
    rows_expect(r, 0, "event", "time=2023-11-14T22:13:21.050000Z  frame=7  event=4650  event_alternative=  "
                               "legacy_event=541  also=  count=1  mode=Main Mode  module=IKEv1  role=initiator  "
                               "local=10.1.0.2  local_port=500  remote=10.2.0.2  remote_port=500  sa=0  child=  "
                               "initiator_cookie=1111111111111101  responder_cookie=2222222222222201");
    rows_expect(r, 0, "event", "cipher=AES-CBC-256  integrity=SHA2-256  group=group 14 (MODP-2048)  "
                               "authentication=pre-shared key  lifetime_minutes=480  principal_name=  filter_id=  "
                               "main_mode_sa_id=  message_id=  inbound_spi=  outbound_spi=  known_by=observed");
    rows_expect(r, 1, "event", "event=4650  role=responder  local=10.2.0.2  remote=10.1.0.2");
    rows_expect(r, 2, "event", "event=5451  mode=Quick Mode  role=initiator  child=0  message_id=000000a1  "
                               "inbound_spi=c1000001  outbound_spi=c2000002  cipher=  lifetime_minutes=");
    rows_expect(r, 3, "event", "event=5451  role=responder  inbound_spi=c2000002  outbound_spi=c1000001");
    rows_expect(r, 4, "event", "event=5452  legacy_event=542  also=5049  frame=17");
    end(&l, r);
}

static void events_of_failure(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "audit");

    rows_expect(r, 6, "event", "event=4653  event_alternative=4652  legacy_event=547  also=546  role=initiator  "
                               "failure_point=Peer  failure_state=Sent first (SA) payload  reason=13868  "
                               "reason_text=Policy match error  finding=mm1_reject  "
                               "finding_summary=The responder refuses the first message");
    rows_expect(r, 7, "event", "role=responder  failure_point=Me  failure_state=No state");
    end(&l, r);
}

/* ---- diag ---- */

static void negotiations(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "diag");

    rows_expect(r, 0, "negotiation", "sa=0  result=WARN  outcome=established in 1.050 s  last_proven=MM6  "
                                     "last_proven_frame=7  owed=  verdict=esp_notencap  cause=  evidence=  "
                                     "next_cause=  indistinguishable=  course=MM1 to MM6, frames 1-7  "
                                     "nat=the initiator is behind a NAT, or forces encapsulation (inferred)");
    rows_expect(r, 1, "negotiation", "sa=1  result=FAIL  outcome=stopped after MM1  last_proven=MM1  "
                                     "owed=MM2 by the responder: an Informational came instead (frame 19)  "
                                     "verdict=mm1_reject  nat=");
    rows_expect(r, 7, "finding", "sa=1  id=mm1_reject  severity=ERROR  known_by=observed  frame=19  count=1  "
                                 "time=2023-11-14T22:13:21.170000Z  summary=The responder refuses the first message  "
                                 "cisco_state=initiator: MM_WAIT_MSG2 (IOS MM_NO_STATE)  "
                                 "windows_events=responder: 546, 547, 4652, 4653");
    end(&l, r);
}

/* Nobody answers MM5: the causes are ranked. */
static void causes(void)
{
    ladder l;
    rows *r;

    ladder_begin(&l);
    up_to_mm4(&l);
    mm5_in_vain(&l);
    r = rows_of(&l, "diag");
    rows_expect(r, 0, "negotiation", "verdict=mm5_noresp  owed=MM6 by the responder: MM5 was sent 4 times in 12.000 s "
                                     "(frames 5 to 8)");
    end(&l, r);
}

/* ---- stat ---- */

static void counters(void)
{
    ladder l;
    rows *r = rows_of_v1(&l, "stat");

    rows_expect(r, 1, "counter", "host=total  group=Main Mode  module=  name=Active Receive  value=  seconds=  "
                                 "availability=not in a capture  counts=");
    rows_expect(r, 2, "counter", "host=total  name=Acquire Failures  value=1  seconds=  availability=approximate  "
                                 "counts=negotiations begun that failed");
    rows_expect(r, 112, "counter", "host=total  group=Time to establish  module=IKEv1  name=Main Mode median  value=  "
                                  "seconds=1.05  availability=exact");
    end(&l, r);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rows/log/main-mode", log_of_main_mode);
    g_test_add_func("/rows/log/quick-mode", log_of_quick_mode);
    g_test_add_func("/rows/log/refusal", log_of_refusal);
    g_test_add_func("/rows/log/duplicates", log_of_duplicates);
    g_test_add_func("/rows/log/mapping", log_of_mapping);
    g_test_add_func("/rows/log/stray-error", log_of_stray_error);
    g_test_add_func("/rows/sa/ike", ike_sas);
    g_test_add_func("/rows/sa/child-and-ipsec", child_and_ipsec_sas);
    g_test_add_func("/rows/sa/without-keys", child_without_keys);
    g_test_add_func("/rows/sa/v2", v2_sas);
    g_test_add_func("/rows/audit/success", events_of_success);
    g_test_add_func("/rows/audit/failure", events_of_failure);
    g_test_add_func("/rows/diag/negotiations", negotiations);
    g_test_add_func("/rows/diag/causes", causes);
    g_test_add_func("/rows/stat/counters", counters);
    return g_test_run();
}
