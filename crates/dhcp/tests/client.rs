//! What a client sends in each state, and which answers it takes.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::{net::Ipv4Addr, time::Duration};

use firstlight_dhcp::{
    EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OptionCode,
    client::{Client, Config, Event, Ignored, Loss, State, Transmit},
};

const HARDWARE: HardwareAddress = HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]);
const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn config() -> Config {
    let mut config = Config::new(HARDWARE, 1);
    config.options =
        vec![(OptionCode::CLIENT_IDENTIFIER, vec![0xff, 1, 2, 3]), (OptionCode::HOST_NAME, b"node1".to_vec())];
    config
}

/// A client that has sent its first message.
fn started(config: Config) -> (Client, Transmit) {
    let mut client = Client::new(config, Duration::ZERO);
    assert_eq!(client.handle_timeout(Duration::ZERO), None);
    let first = client.poll_transmit().unwrap();
    (client, first)
}

fn reply(to: &Transmit, kind: MessageType, change: impl FnOnce(&mut Message)) -> Message {
    let mut message = Message::request(to.message.hardware_address, to.message.xid);
    message.op = firstlight_dhcp::OpCode::REPLY;
    message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
    message.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
    if kind != MessageType::NAK {
        message.yiaddr = ADDRESS;
        message.push(OptionCode::LEASE_TIME, &1000_u32.to_be_bytes());
    }
    change(&mut message);
    message
}

fn handle(client: &mut Client, now: Duration, message: &Message) -> Result<Option<Event>, Ignored> {
    let mut bytes = Vec::new();
    message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
    client.handle(now, &MessageRef::parse(&bytes).unwrap())
}

/// A client with a lease of 1000 s from second 0.
fn bound(config: Config) -> Client {
    let (mut client, discover) = started(config);
    assert_eq!(handle(&mut client, Duration::ZERO, &reply(&discover, MessageType::OFFER, |_| {})), Ok(None));
    let request = client.poll_transmit().unwrap();
    let ack = reply(&request, MessageType::ACK, |_| {});
    assert_eq!(handle(&mut client, Duration::ZERO, &ack), Ok(Some(Event::Bound)));
    client
}

/// Codes in their order, without 53.
fn codes(message: &Message) -> Vec<u8> {
    message.options().map(|(code, _)| code.0).filter(|code| *code != 53).collect()
}

fn address(message: &Message, code: OptionCode) -> Option<Ipv4Addr> {
    message.first(code).map(|octets| <[u8; 4]>::try_from(octets).unwrap().into())
}

/// RFC 2131 §4.4.1, table 5.
#[test]
fn what_is_sent_on_the_way_to_a_lease() {
    let (mut client, discover) = started(config());
    assert_eq!(discover.message.message_type(), Some(MessageType::DISCOVER));
    assert_eq!((discover.source, discover.destination), (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST));
    assert_eq!(codes(&discover.message), [61, 12, 57, 55]);
    assert!(discover.message.broadcast());

    let offer = reply(&discover, MessageType::OFFER, |_| {});
    assert_eq!(handle(&mut client, seconds(2), &offer), Ok(None));
    let request = client.poll_transmit().unwrap();
    assert_eq!(client.state(), State::Requesting);
    assert_eq!(request.message.xid, discover.message.xid);
    assert_eq!(request.message.secs, 2);
    assert_eq!(request.destination, Ipv4Addr::BROADCAST);
    assert_eq!(request.message.ciaddr, Ipv4Addr::UNSPECIFIED);
    assert_eq!(address(&request.message, OptionCode::REQUESTED_ADDRESS), Some(ADDRESS));
    assert_eq!(address(&request.message, OptionCode::SERVER_IDENTIFIER), Some(SERVER));

    let ack = reply(&request, MessageType::ACK, |ack| ack.push(OptionCode::ROUTERS, &OTHER.octets()));
    assert_eq!(handle(&mut client, seconds(3), &ack), Ok(Some(Event::Bound)));
    let lease = client.lease().unwrap();
    assert_eq!((lease.address, lease.server), (ADDRESS, SERVER));
    // The lease counts from the REQUEST, and T1 lies up to a sixteenth early.
    assert_eq!((lease.t2, lease.expires), (Some(seconds(2 + 875)), Some(seconds(2 + 1000))));
    assert!((seconds(2 + 468)..=seconds(2 + 500)).contains(&lease.t1.unwrap()), "{:?}", lease.t1);
    assert_eq!(address(&lease.ack, OptionCode::ROUTERS), Some(OTHER));
}

#[test]
fn renewing_rebinding_and_the_end() {
    let mut client = bound(config());
    let t1 = client.poll_timeout().unwrap();
    assert_eq!(client.handle_timeout(t1 - Duration::from_millis(1)), None);
    assert_eq!((client.state(), client.poll_transmit()), (State::Bound, None), "waking early is harmless");

    assert_eq!(client.handle_timeout(t1), None);
    let renewal = client.poll_transmit().unwrap();
    assert_eq!(client.state(), State::Renewing);
    assert_eq!((renewal.source, renewal.destination), (ADDRESS, SERVER));
    assert_eq!(renewal.message.ciaddr, ADDRESS);
    assert_eq!(codes(&renewal.message), [61, 12, 57, 55]);
    assert!(!renewal.message.broadcast());

    // "one-half of the remaining time until T2"
    let next = client.poll_timeout().unwrap();
    assert_eq!(next, t1 + (seconds(875) - t1) / 2);
    assert_eq!(client.handle_timeout(next), None);
    assert_eq!(client.poll_transmit().unwrap().message.secs, (next - t1).as_secs() as u16);

    assert_eq!(client.handle_timeout(seconds(875)), None);
    let rebinding = client.poll_transmit().unwrap();
    assert_eq!(client.state(), State::Rebinding);
    assert_eq!((rebinding.source, rebinding.destination), (ADDRESS, Ipv4Addr::BROADCAST));

    // Any server may extend it now.
    let ack = reply(&rebinding, MessageType::ACK, |ack| ack.set(OptionCode::SERVER_IDENTIFIER, &OTHER.octets()));
    assert_eq!(handle(&mut client.clone(), seconds(876), &ack), Ok(Some(Event::Renewed)));

    assert_eq!(client.handle_timeout(seconds(1000)), Some(Event::Lost { address: ADDRESS, why: Loss::Expired }));
    let discover = client.poll_transmit().unwrap();
    assert_eq!((client.state(), client.lease()), (State::Selecting, None));
    assert_eq!(address(&discover.message, OptionCode::REQUESTED_ADDRESS), Some(ADDRESS), "it would like it back");
}

#[test]
fn who_sleeps_over_the_end_has_lost_the_lease() {
    let mut client = bound(config());
    assert_eq!(client.handle_timeout(seconds(5000)), Some(Event::Lost { address: ADDRESS, why: Loss::Expired }));
}

#[test]
fn a_refusal_ends_a_lease_and_the_next_ones_come_slower() {
    let mut client = bound(config());
    let t1 = client.poll_timeout().unwrap();
    assert_eq!(client.handle_timeout(t1), None);
    let renewal = client.poll_transmit().unwrap();
    let stranger = reply(&renewal, MessageType::NAK, |nak| nak.set(OptionCode::SERVER_IDENTIFIER, &OTHER.octets()));
    assert_eq!(handle(&mut client, t1, &stranger), Err(Ignored::OtherOffer));
    let nak = reply(&renewal, MessageType::NAK, |_| {});
    let lost = Event::Lost { address: ADDRESS, why: Loss::Refused };
    assert_eq!(handle(&mut client, t1, &nak), Ok(Some(lost)));

    let mut pauses = Vec::new();
    let mut now = t1;
    for _ in 0..4 {
        let discover = client.poll_transmit().unwrap();
        assert_eq!(address(&discover.message, OptionCode::REQUESTED_ADDRESS), None);
        handle(&mut client, now, &reply(&discover, MessageType::OFFER, |_| {})).unwrap();
        let request = client.poll_transmit().unwrap();
        assert_eq!(handle(&mut client, now, &reply(&request, MessageType::NAK, |_| {})), Ok(None));
        let next = client.poll_timeout().unwrap();
        pauses.push((next - now).as_secs());
        now = next;
        assert_eq!(client.handle_timeout(now), None);
    }
    assert_eq!(pauses, [1, 2, 4, 8]);
}

#[test]
fn a_reboot_asks_for_the_old_address_and_gives_it_up() {
    let mut client = Client::reboot(config(), ADDRESS, Duration::ZERO);
    assert_eq!((client.state(), client.handle_timeout(Duration::ZERO)), (State::InitReboot, None));
    let request = client.poll_transmit().unwrap();
    assert_eq!(client.state(), State::Rebooting);
    assert_eq!(request.destination, Ipv4Addr::BROADCAST);
    assert_eq!(address(&request.message, OptionCode::REQUESTED_ADDRESS), Some(ADDRESS));
    assert_eq!(address(&request.message, OptionCode::SERVER_IDENTIFIER), None);

    let ack = reply(&request, MessageType::ACK, |_| {});
    assert_eq!(handle(&mut client.clone(), seconds(1), &ack), Ok(Some(Event::Bound)));
    let wrong = reply(&request, MessageType::ACK, |ack| ack.yiaddr = OTHER);
    assert_eq!(handle(&mut client, seconds(1), &wrong), Err(Ignored::OtherOffer));
    // Without an answer: again after 4 s, and after 8 more it looks for any address.
    for state in [State::Rebooting, State::Selecting] {
        let next = client.poll_timeout().unwrap();
        assert_eq!(client.handle_timeout(next), None);
        assert_eq!(client.state(), state);
    }
    let discover = client.poll_transmit().unwrap();
    assert_eq!(address(&discover.message, OptionCode::REQUESTED_ADDRESS), Some(ADDRESS));
}

/// RFC 2131 §3.1, step 5: a conflict is declined, and the client waits for ten seconds.
#[test]
fn an_address_in_use_is_declined() {
    let mut config = config();
    config.check = seconds(2);
    let (mut client, discover) = started(config);
    handle(&mut client, Duration::ZERO, &reply(&discover, MessageType::OFFER, |_| {})).unwrap();
    let request = client.poll_transmit().unwrap();
    let ack = reply(&request, MessageType::ACK, |_| {});
    let check = Event::Check { address: ADDRESS, until: seconds(3) };
    assert_eq!(handle(&mut client, seconds(1), &ack), Ok(Some(check)));
    assert_eq!(client.clone().handle_timeout(seconds(3)), Some(Event::Bound));

    let lost = Event::Lost { address: ADDRESS, why: Loss::Conflict };
    assert_eq!(client.handle_conflict(seconds(2)), Some(lost));
    let decline = client.poll_transmit().unwrap();
    assert_eq!(decline.message.message_type(), Some(MessageType::DECLINE));
    assert_eq!(codes(&decline.message), [61, 54, 50]);
    assert_eq!((decline.message.ciaddr, decline.destination), (Ipv4Addr::UNSPECIFIED, Ipv4Addr::BROADCAST));
    assert_eq!((client.state(), client.poll_timeout()), (State::Init, Some(seconds(12))));
    assert_eq!(client.handle_conflict(seconds(3)), None);
}

#[test]
fn a_release_is_sent_once_and_ends_it() {
    let mut client = bound(config());
    client.release();
    let release = client.poll_transmit().unwrap();
    assert_eq!(release.message.message_type(), Some(MessageType::RELEASE));
    assert_eq!(codes(&release.message), [61, 54]);
    assert_eq!((release.message.ciaddr, release.destination), (ADDRESS, SERVER));
    client.release();
    assert_eq!((client.poll_transmit(), client.poll_timeout()), (None, None));
}

#[test]
fn offers_are_compared_while_they_are_collected() {
    let mut config = config();
    config.collect = seconds(1);
    let mut client = Client::reboot(config, ADDRESS, Duration::ZERO);
    for _ in 0..3 {
        assert_eq!(client.handle_timeout(client.poll_timeout().unwrap()), None);
    }
    let discover = client.poll_transmit().unwrap();
    let now = seconds(20);
    let other = reply(&discover, MessageType::OFFER, |offer| offer.yiaddr = OTHER);
    assert_eq!(handle(&mut client, now, &other), Ok(None));
    assert_eq!(handle(&mut client, now, &reply(&discover, MessageType::OFFER, |_| {})), Ok(None));
    assert_eq!((client.state(), client.poll_timeout()), (State::Selecting, Some(now + seconds(1))));
    assert_eq!(client.handle_timeout(now + seconds(1)), None);
    let request = client.poll_transmit().unwrap();
    assert_eq!(address(&request.message, OptionCode::REQUESTED_ADDRESS), Some(ADDRESS), "the one that it had");
}

#[test]
fn a_server_may_skip_the_offer_only_if_it_was_asked_to() {
    for rapid in [false, true] {
        let mut config = config();
        config.rapid_commit = rapid;
        let (mut client, discover) = started(config);
        assert_eq!(discover.message.first(OptionCode::RAPID_COMMIT).is_some(), rapid);
        let plain = reply(&discover, MessageType::ACK, |_| {});
        assert_eq!(handle(&mut client, seconds(1), &plain), Err(Ignored::NotAsked));
        let ack = reply(&discover, MessageType::ACK, |ack| ack.push(OptionCode::RAPID_COMMIT, &[]));
        let expect = if rapid { Ok(Some(Event::Bound)) } else { Err(Ignored::NotAsked) };
        assert_eq!(handle(&mut client, seconds(1), &ack), expect);
    }
}

#[test]
fn what_is_not_for_this_client_changes_nothing() {
    #[track_caller]
    fn check(kind: MessageType, change: impl FnOnce(&mut Message), why: Ignored) {
        let (mut client, discover) = started(config());
        let before = format!("{client:?}");
        assert_eq!(handle(&mut client, seconds(1), &reply(&discover, kind, change)), Err(why));
        assert_eq!(format!("{client:?}"), before);
    }
    let offer = MessageType::OFFER;
    check(offer, |offer| offer.xid ^= 1, Ignored::OtherClient);
    check(offer, |offer| offer.hardware_address = HardwareAddress::ethernet([2, 0, 0, 0, 0, 9]), Ignored::OtherClient);
    check(offer, |offer| offer.push(OptionCode::CLIENT_IDENTIFIER, &[1]), Ignored::OtherClient);
    check(offer, |offer| offer.op = firstlight_dhcp::OpCode::REQUEST, Ignored::NoReply);
    check(offer, |offer| offer.yiaddr = Ipv4Addr::UNSPECIFIED, Ignored::NoAddress);
    check(offer, |offer| offer.yiaddr = Ipv4Addr::BROADCAST, Ignored::NoAddress);
    check(offer, |offer| _ = offer.remove(OptionCode::SERVER_IDENTIFIER), Ignored::NoServerIdentifier);
    check(MessageType::NAK, |_| {}, Ignored::NotAsked);
    check(MessageType::INFORM, |_| {}, Ignored::NoReply);

    let (mut client, discover) = started(config());
    handle(&mut client, Duration::ZERO, &reply(&discover, offer, |_| {})).unwrap();
    let request = client.poll_transmit().unwrap();
    for (lease_time, expect) in [(0_u32, Err(Ignored::NoLeaseTime)), (5, Err(Ignored::TooLate))] {
        let ack = |ack: &mut Message| ack.set(OptionCode::LEASE_TIME, &lease_time.to_be_bytes());
        assert_eq!(handle(&mut client, seconds(6), &reply(&request, MessageType::ACK, ack)), expect);
    }
}

/// RFC 2131 §3.3: "The time value of 0xffffffff is reserved to represent 'infinity'."
#[test]
fn times_of_a_lease() {
    #[track_caller]
    fn check(lease_time: u32, t1: Option<u32>, t2: Option<u32>, expect: Option<(u64, u64)>) {
        let (mut client, discover) = started(config());
        handle(&mut client, Duration::ZERO, &reply(&discover, MessageType::OFFER, |_| {})).unwrap();
        let request = client.poll_transmit().unwrap();
        let ack = reply(&request, MessageType::ACK, |ack| {
            ack.set(OptionCode::LEASE_TIME, &lease_time.to_be_bytes());
            for (code, time) in [(OptionCode::RENEWAL_TIME, t1), (OptionCode::REBINDING_TIME, t2)] {
                if let Some(time) = time {
                    ack.push(code, &time.to_be_bytes());
                }
            }
        });
        assert_eq!(handle(&mut client, Duration::ZERO, &ack), Ok(Some(Event::Bound)));
        let lease = client.lease().unwrap();
        let Some((t1, t2)) = expect else {
            assert_eq!((lease.t1, lease.t2, lease.expires, client.poll_timeout()), (None, None, None, None));
            return;
        };
        assert_eq!((lease.t2, lease.expires), (Some(seconds(t2)), Some(seconds(lease_time.into()))));
        let first = lease.t1.unwrap();
        assert!(seconds(t1) / 16 * 15 <= first && first <= seconds(t1), "{first:?}");
    }
    check(u32::MAX, None, None, None);
    check(u32::MAX, Some(5), Some(6), None);
    check(800, None, None, Some((400, 700)));
    check(800, Some(100), Some(200), Some((100, 200)));
    // Times that do not ascend are the server's mistake, and the defaults stand in.
    check(800, Some(900), Some(950), Some((400, 700)));
    check(800, Some(300), Some(200), Some((200, 200)));
}
