//! What real firmware, boot loaders and relay agents do, one line of it a test: what comes from them is read, and what they
//! are sent is what they survive. Boot files and option 43 are not this crate's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{Ipv4Addr, SocketAddrV4};

use firstlight_dhcp::server::{
    Bootp, Config, ConfigError, Destination, Receipt, Reply, Server, Silence, Subnet, Timestamp,
};
use firstlight_dhcp::{EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OptionCode, ParseError};

const SERVER: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
const RELAY: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 100);
/// Boot file, prompt and menu of a proxy, as large as they get.
const MENU: OptionCode = OptionCode(43);

fn server(change: impl FnOnce(&mut Subnet)) -> Server {
    let mut lan = Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 24);
    lan.pools = vec![FIRST..=FIRST];
    change(&mut lan);
    let mut far = Subnet::new(Ipv4Addr::new(10, 9, 0, 0), 24);
    far.pools = vec![Ipv4Addr::new(10, 9, 0, 100)..=Ipv4Addr::new(10, 9, 0, 199)];
    Server::new(Config::new(SERVER, vec![lan, far])).unwrap()
}

fn message(kind: Option<MessageType>) -> Message {
    let mut message = Message::request(HardwareAddress::ethernet([2, 0, 0, 0, 0, 1]), 7);
    if let Some(kind) = kind {
        message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
    }
    message
}

fn bytes(message: &Message, policy: &EmitPolicy) -> Vec<u8> {
    let mut bytes = Vec::new();
    message.emit(policy, &mut bytes).unwrap();
    bytes
}

fn decide(server: &mut Server, datagram: &[u8]) -> Result<Reply, Silence> {
    let from = Receipt::new(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68), SERVER);
    server.handle(Timestamp(1), &MessageRef::parse(datagram).unwrap(), from).committed()
}

fn ask(server: &mut Server, request: &Message) -> Result<Reply, Silence> {
    decide(server, &bytes(request, &EmitPolicy::default()))
}

fn request() -> Message {
    let mut request = message(Some(MessageType::REQUEST));
    request.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
    request.push(OptionCode::REQUESTED_ADDRESS, &FIRST.octets());
    request
}

fn number(reply: &Reply, code: OptionCode) -> u32 {
    let value = reply.message.options().find(|(found, _)| *found == code).unwrap().1;
    u32::from_be_bytes(value.try_into().unwrap())
}

fn codes(reply: &Reply) -> Vec<u8> {
    reply.message.options().map(|(code, _)| code.0).collect()
}

#[test]
fn infiniband_has_no_hardware_address_in_the_header_and_longer_ones_are_errors() {
    let mut discover = message(Some(MessageType::DISCOVER));
    discover.hardware_address = HardwareAddress::new(32, &[]).unwrap();
    assert_eq!(ask(&mut server(|_| {}), &discover).unwrap_err(), Silence::NoIdentity);
    discover.push(OptionCode::CLIENT_IDENTIFIER, &[255, 1, 2, 3]);
    let offer = ask(&mut server(|_| {}), &discover).unwrap();
    assert_eq!((offer.address, offer.destination), (Some(FIRST), Destination::Broadcast));

    let mut datagram = bytes(&discover, &EmitPolicy::default());
    for hlen in 17..=255 {
        datagram[2] = hlen;
        assert_eq!(MessageRef::parse(&datagram).err(), Some(ParseError::HardwareLength { hlen }));
    }
}

#[test]
fn option_53_comes_first_82_last_and_verbatim_and_the_end_is_said() {
    let agent = [1, 3, b'e', b't', b'h', 9, 0];
    let mut discover = message(Some(MessageType::DISCOVER));
    discover.push(OptionCode::RELAY_AGENT_INFORMATION, &agent);
    let mut offer = ask(&mut server(|_| {}), &discover).unwrap();
    // Boot options are added behind it.
    offer.message.push(OptionCode::BOOT_FILE_NAME, b"lpxelinux.0\0");
    offer.policy.min_size = 0;
    let datagram = bytes(&offer.message, &offer.policy);
    assert_eq!(datagram[240..243], [53, 1, 2]);
    assert_eq!(datagram[datagram.len() - 10..], [&[82, 7][..], &agent, &[255]].concat());
}

#[test]
fn replies_have_300_bytes_and_shorter_requests_are_accepted() {
    let mut short = EmitPolicy::default();
    short.min_size = 0;
    let datagram = bytes(&message(Some(MessageType::DISCOVER)), &short);
    assert_eq!(datagram.len(), 244);
    let offer = decide(&mut server(|_| {}), &datagram).unwrap();
    assert_eq!(bytes(&offer.message, &offer.policy).len(), 300);
}

#[test]
fn what_does_not_fit_into_option_57_is_not_sent_and_nothing_overloads_the_header() {
    for (size, fits) in [(None, 548), (Some(400u16), 548), (Some(1000), 972), (Some(9000), 1472)] {
        let mut discover = message(Some(MessageType::DISCOVER));
        size.iter().for_each(|size| discover.push(OptionCode::MAX_MESSAGE_SIZE, &size.to_be_bytes()));
        let mut offer = ask(&mut server(|_| {}), &discover).unwrap();
        assert_eq!((offer.policy.max_size, offer.policy.overload), (fits, false), "{size:?}");
        while offer.message.emit(&offer.policy, &mut Vec::new()).is_ok() {
            offer.message.push(MENU, &[0; 64]);
        }
        offer.policy.max_size += 70;
        assert!(offer.message.emit(&offer.policy, &mut Vec::new()).is_ok());
    }
}

#[test]
fn bootp_is_silent_or_served_as_configured() {
    let bootp = message(None);
    assert_eq!(ask(&mut server(|_| {}), &bootp).unwrap_err(), Silence::Bootp);
    let reply = ask(&mut server(|lan| lan.bootp = Bootp::Dynamic), &bootp).unwrap();
    assert_eq!((reply.message.yiaddr, reply.message.message_type()), (FIRST, None));
}

#[test]
fn requests_without_an_address_and_releases_without_a_server_are_read() {
    let mut server = server(|_| {});
    assert_eq!(ask(&mut server, &message(Some(MessageType::REQUEST))).unwrap_err(), Silence::NoAddress);
    ask(&mut server, &request()).unwrap();
    let mut release = message(Some(MessageType::RELEASE));
    release.ciaddr = FIRST;
    assert_eq!(ask(&mut server, &release).unwrap_err(), Silence::ReleaseRecorded);
}

#[test]
fn duplicate_and_empty_options_and_padded_strings_are_read() {
    let mut discover = message(Some(MessageType::DISCOVER));
    discover.push(OptionCode::HOST_NAME, b"node1\0\0\0");
    discover.push(OptionCode(60), b"");
    discover.push(OptionCode::REQUESTED_ADDRESS, b"");
    discover.push(OptionCode::MESSAGE_TYPE, &[MessageType::RELEASE.0]);
    assert_eq!(ask(&mut server(|_| {}), &discover).unwrap().address, Some(FIRST));
}

#[test]
fn a_mask_of_31_bits_is_refused_before_edk2_does() {
    let config = Config::new(SERVER, vec![Subnet::new(Ipv4Addr::new(10, 0, 0, 0), 31)]);
    let network = Ipv4Addr::new(10, 0, 0, 0);
    assert_eq!(Server::new(config).err(), Some(ConfigError::PrefixLength { network, prefix_len: 31 }));
}

#[test]
fn an_address_comes_with_mask_broadcast_and_times_and_nothing_else_does() {
    const OF_AN_ADDRESS: [u8; 5] = [1, 28, 51, 58, 59];
    let mut server = server(|_| {});
    // Whatever it asks for.
    let mut discover = message(Some(MessageType::DISCOVER));
    discover.push(OptionCode::PARAMETER_REQUEST_LIST, &[3]);
    for with_address in [ask(&mut server, &discover).unwrap(), ask(&mut server, &request()).unwrap()] {
        let codes = codes(&with_address);
        assert!(OF_AN_ADDRESS.iter().all(|code| codes.contains(code)), "{codes:?}");
        let [t1, t2, lease] = [OptionCode::RENEWAL_TIME, OptionCode::REBINDING_TIME, OptionCode::LEASE_TIME]
            .map(|code| number(&with_address, code));
        assert!(t1 < t2 && t2 < lease, "{t1} {t2} {lease}");
    }
    let mut inform = message(Some(MessageType::INFORM));
    inform.ciaddr = FIRST;
    let mut wrong = message(Some(MessageType::REQUEST));
    wrong.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
    wrong.push(OptionCode::REQUESTED_ADDRESS, &[10, 7, 0, 1]);
    for without in [ask(&mut server, &inform).unwrap(), ask(&mut server, &wrong).unwrap()] {
        let codes = codes(&without);
        assert!(OF_AN_ADDRESS.iter().all(|code| !codes.contains(code)), "{codes:?}");
    }
}

#[test]
fn a_nak_is_broadcast_unless_a_relay_brought_the_request() {
    let mut wrong = message(Some(MessageType::REQUEST));
    wrong.push(OptionCode::SERVER_IDENTIFIER, &SERVER.octets());
    wrong.push(OptionCode::REQUESTED_ADDRESS, &[10, 7, 0, 1]);
    wrong.ciaddr = Ipv4Addr::UNSPECIFIED;
    let nak = ask(&mut server(|_| {}), &wrong).unwrap();
    assert_eq!((nak.message.message_type(), nak.destination), (Some(MessageType::NAK), Destination::Broadcast));
    wrong.giaddr = RELAY;
    let nak = ask(&mut server(|_| {}), &wrong).unwrap();
    assert_eq!(nak.destination, Destination::Relay(SocketAddrV4::new(RELAY, 67)));
}

#[test]
fn a_server_that_does_not_know_the_lease_leaves_it_to_others() {
    let mut reboot = message(Some(MessageType::REQUEST));
    reboot.push(OptionCode::REQUESTED_ADDRESS, &FIRST.octets());
    assert_eq!(ask(&mut server(|_| {}), &reboot).unwrap_err(), Silence::UnknownLease);
}

#[test]
fn a_relay_is_answered_on_port_67_and_its_5_and_11_decide_subnet_and_server() {
    let mut discover = message(Some(MessageType::DISCOVER));
    discover.giaddr = Ipv4Addr::new(10, 8, 0, 1);
    discover.push(OptionCode::RELAY_AGENT_INFORMATION, &[5, 4, 10, 9, 0, 0, 11, 4, 10, 9, 0, 2]);
    let offer = ask(&mut server(|_| {}), &discover).unwrap();
    assert_eq!(offer.destination, Destination::Relay(SocketAddrV4::new(discover.giaddr, 67)));
    assert_eq!(offer.address.unwrap().octets()[..3], [10, 9, 0]);
    assert_eq!(number(&offer, OptionCode::SERVER_IDENTIFIER), u32::from(Ipv4Addr::new(10, 9, 0, 2)));

    let mut request = request();
    request.giaddr = RELAY;
    request.set(OptionCode::REQUESTED_ADDRESS, &[10, 9, 0, 100]);
    let ack = ask(&mut server(|_| {}), &request).unwrap();
    assert_eq!(ack.message.message_type(), Some(MessageType::ACK));
    assert_eq!(ack.destination, Destination::Relay(SocketAddrV4::new(RELAY, 67)));
}

#[test]
fn the_broadcast_flag_is_honoured_and_without_it_the_hardware_address_is_enough() {
    let mut discover = message(Some(MessageType::DISCOVER));
    let hardware = discover.hardware_address;
    let offer = ask(&mut server(|_| {}), &discover).unwrap();
    assert_eq!(offer.destination, Destination::Hardware { address: FIRST, hardware });
    discover.set_broadcast(true);
    assert_eq!(ask(&mut server(|_| {}), &discover).unwrap().destination, Destination::Broadcast);
}

#[test]
fn a_port_that_was_blocked_for_three_minutes_is_served_as_any_other() {
    let mut late = message(Some(MessageType::DISCOVER));
    late.secs = 180;
    assert_eq!(ask(&mut server(|_| {}), &late).unwrap().address, Some(FIRST));
}
