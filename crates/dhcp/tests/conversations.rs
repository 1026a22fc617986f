//! Conversations between clients and the server, as text: `conversations/*.txt` hold what clients send and, below
//! each line, everything that the server does.
//!
//! ```text
//! at 100                                     the time, in seconds
//! > DISCOVER a 50=10.0.0.102                 client a sends; fields and options by name or number
//! ! granted 10.0.0.102 a until 700           a change to be stored
//! < ACK 10.0.0.102 to hardware; 54=…         the reply: type, yiaddr, destination; options after 53, in order
//! < silence unknown-lease                    or the reason why there is none
//! wake                                       handle_timeout
//! restart                                    a new server, restored from the stored leases
//! ```
//!
//! with rapid-commit                          a new, empty server with a change of the configuration
//! probe 10.0.0.102 in-use                    what a probe has found out: `in-use` or `silent`
//! ? probe 10.0.0.103 until 102               the server wants to know whether an address is in use
//! count silences probing 2                   what the server has counted so far
//! ```
//!
//! Client `a` has the hardware address 02:00:00:00:00:0a. Options hold an address, a number with its width in bytes
//! (`51=4:600`), a list of codes (55) or hex digits (`x0102`, `x` for nothing). `BOOTP` is a message without option 53.
//!
//! The server is 10.0.0.1 and serves 10.0.0.0/24 (pool .100 to .103, router .1, .50 reserved for client f, .101 for
//! client e) and, behind a relay, 10.9.0.0/24 (pool .10 to .19). Leases last 600 seconds.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::{collections::BTreeMap, fmt::Write, fs, net::Ipv4Addr, path::PathBuf};

use firstlight_dhcp::{
    EmitPolicy, HardwareAddress, Message, MessageRef, MessageType, OpCode, OptionCode,
    server::{
        Bootp, ClientId, Config, Decision, Destination, Lease, LeaseChange, ProbeAnswer, Probing, Receipt, Reply,
        Reservation, Selector, Server, Subnet, Timestamp,
    },
};

fn client(name: &str) -> HardwareAddress {
    HardwareAddress::ethernet([2, 0, 0, 0, 0, u8::from_str_radix(name, 16).unwrap()])
}

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn config() -> Config {
    let mut lan = Subnet::new(ip("10.0.0.0"), 24);
    lan.pools = vec![ip("10.0.0.100")..=ip("10.0.0.103")];
    lan.routers = vec![ip("10.0.0.1")];
    lan.dns_servers = vec![ip("10.0.0.2"), ip("10.0.0.3")];
    lan.domain_name = Some("lab".into());
    lan.lease_time = 600;
    lan.reservations =
        vec![Reservation::new(client("f"), ip("10.0.0.50")), Reservation::new(client("e"), ip("10.0.0.101"))];
    let mut far = Subnet::new(ip("10.9.0.0"), 24);
    far.pools = vec![ip("10.9.0.10")..=ip("10.9.0.19")];
    far.lease_time = 600;
    let mut config = Config::new(ip("10.0.0.1"), vec![lan, far]);
    config.limits.max_offers = Some(3);
    config
}

/// The changes that a conversation can begin with.
fn with(config: &mut Config, change: &str) {
    let [lan, far] = &mut config.subnets[..] else { panic!("two subnets") };
    match change {
        "rapid-commit" => lan.rapid_commit = true,
        "bootp-reserved" => lan.bootp = Bootp::Reserved,
        "bootp-dynamic" => lan.bootp = Bootp::Dynamic,
        "requested-lease-times-60-1200" => lan.requested_lease_time = Some(60..=1200),
        "one-offer-per-relay" => {
            (config.limits.max_offers, config.limits.max_offers_per_relay) = (None, Some(1));
        }
        "two-declines" => config.limits.max_declines = 2,
        "exclusions" => lan.exclusions = vec![ip("10.0.0.90")..=ip("10.0.0.102")],
        "probing" => {
            let mut probing = Probing::default();
            (probing.max_pending, probing.attempts) = (2, 2);
            config.probing = Some(probing);
        }
        "reservations" => {
            lan.reservations.push(Reservation::new(Selector::ClientId(ClientId::new(b"disk")), ip("10.0.0.60")));
            lan.reservations.push(Reservation::new(Selector::Uuid([0x11; 16]), ip("10.0.0.61")));
            let mut named = Reservation::new(client("7"), ip("10.0.0.62"));
            named.hostname = Some("seven".into());
            named.options = vec![(OptionCode::NTP_SERVERS, vec![10, 0, 0, 9]), (OptionCode::DNS_SERVERS, vec![9; 4])];
            lan.reservations.push(named);
            far.reservations.push(Reservation::new(Selector::CircuitId(vec![0xaa, 7]), ip("10.9.0.60")));
        }
        "two-interfaces" => config.other_ids = vec![ip("10.9.0.2")],
        other => panic!("what is {other:?}?"),
    }
}

struct Stage {
    now: Timestamp,
    config: Config,
    server: Server,
    stored: BTreeMap<Ipv4Addr, Lease>,
    transcript: String,
}

impl Stage {
    fn new() -> Self {
        Self {
            now: Timestamp(0),
            config: config(),
            server: Server::new(config()).unwrap(),
            stored: BTreeMap::new(),
            transcript: String::new(),
        }
    }

    fn line(&mut self, line: &str) {
        if line.starts_with(['!', '<', '?']) {
            return;
        }
        writeln!(self.transcript, "{line}").unwrap();
        let mut words = line.split_whitespace();
        match words.next() {
            None | Some("#") => {}
            Some("at") => self.now = Timestamp(words.next().unwrap().parse().unwrap()),
            Some("wake") => {
                let changes = self.server.handle_timeout(self.now);
                self.store(&changes);
            }
            Some("restart") => {
                self.server = Server::new(self.config.clone()).unwrap();
                self.server.restore(self.stored.values().cloned());
            }
            Some(">") => self.request(words),
            Some("with") => {
                with(&mut self.config, words.next().unwrap());
                self.server = Server::new(self.config.clone()).unwrap();
                self.stored.clear();
            }
            Some("probe") => {
                let (address, in_use) = (ip(words.next().unwrap()), words.next() == Some("in-use"));
                let answer = if in_use { ProbeAnswer::InUse } else { ProbeAnswer::Silent };
                let decision = self.server.handle_probe(self.now, address, answer);
                self.show(decision);
            }
            Some("count") => {
                let what = [words.next().unwrap(), words.next().unwrap()];
                let mut counters = self.server.counters().iter();
                let (_, _, count) = counters.find(|(group, name, _)| [*group, *name] == what).unwrap();
                assert_eq!(count.to_string(), words.next().unwrap(), "{what:?}");
            }
            Some(other) => panic!("what is {other:?}?"),
        }
    }

    fn request<'a>(&mut self, mut words: impl Iterator<Item = &'a str>) {
        let kind = words.next().unwrap();
        let mut message = Message::request(client(words.next().unwrap()), 1);
        let mut source: std::net::SocketAddrV4 = "0.0.0.0:68".parse().unwrap();
        let (mut interface, mut destination) = (ip("10.0.0.1"), None);
        let kinds = (1..=8).map(MessageType).find(|known| known.to_string() == kind);
        if let Some(kind) = kinds {
            message.push(OptionCode::MESSAGE_TYPE, &[kind.0]);
        }
        for word in words {
            match word.split_once('=') {
                Some(("ciaddr", address)) => message.ciaddr = address.parse().unwrap(),
                Some(("giaddr", address)) => message.giaddr = address.parse().unwrap(),
                Some(("from", address)) if address.contains(':') => source = address.parse().unwrap(),
                Some(("from", address)) => source.set_ip(ip(address)),
                Some(("in", address)) => interface = ip(address),
                Some(("to", address)) => destination = Some(ip(address)),
                Some(("op", op)) => message.op = OpCode(op.parse().unwrap()),
                Some((code, value)) => message.push(OptionCode(code.parse().unwrap()), &option(code, value)),
                None if word == "broadcast" => message.set_broadcast(true),
                None if word == "nohw" => message.hardware_address = HardwareAddress::new(32, &[]).unwrap(),
                None => panic!("what is {word:?}?"),
            }
        }
        let mut bytes = Vec::new();
        message.emit(&EmitPolicy::default(), &mut bytes).unwrap();
        let mut from = Receipt::new(source, interface);
        from.destination = destination;
        let decision = self.server.handle(self.now, &MessageRef::parse(&bytes).unwrap(), from);
        self.show(decision);
    }

    fn show(&mut self, decision: Decision) {
        self.store(decision.changes());
        if let Some(probe) = decision.probe() {
            writeln!(self.transcript, "? probe {} until {}", probe.address, probe.deadline).unwrap();
        }
        match decision.committed() {
            Ok(reply) => {
                let text = render(&reply);
                writeln!(self.transcript, "< {text}").unwrap();
            }
            Err(silence) => writeln!(self.transcript, "< silence {}", silence.code()).unwrap(),
        }
    }

    fn store(&mut self, changes: &[LeaseChange]) {
        for LeaseChange { lease, cause } in changes {
            let who = match lease.hardware_address.mac() {
                Some([.., last]) => format!("{last:x}"),
                None => lease.client_id.as_ref().map_or("nobody".into(), ToString::to_string),
            };
            writeln!(self.transcript, "! {cause} {} {who} until {}", lease.address, lease.expires).unwrap();
            self.stored.insert(lease.address, lease.clone());
        }
    }
}

fn option(code: &str, value: &str) -> Vec<u8> {
    let hex = |text: &str| {
        text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    };
    if code == "55" {
        value.split(',').map(|code| code.parse::<u8>().unwrap()).collect()
    } else if let Ok(address) = value.parse::<Ipv4Addr>() {
        address.octets().into()
    } else if let Some(("4", number)) = value.split_once(':') {
        number.parse::<u32>().unwrap().to_be_bytes().into()
    } else if let Some(("2", number)) = value.split_once(':') {
        number.parse::<u16>().unwrap().to_be_bytes().into()
    } else {
        hex(value.strip_prefix('x').unwrap())
    }
}

fn render(reply: &Reply) -> String {
    let kind = reply.message.message_type();
    let mut text = kind.map_or("BOOTREPLY".to_owned(), |kind| kind.to_string());
    let to = match reply.destination {
        Destination::Relay(to) => format!("relay {to}"),
        Destination::Unicast(to) => to.to_string(),
        Destination::Broadcast => "broadcast".into(),
        Destination::Hardware { address, hardware } => {
            assert_eq!((address, hardware), (reply.message.yiaddr, reply.message.hardware_address));
            "hardware".into()
        }
    };
    write!(text, " {} to {to};", reply.message.yiaddr).unwrap();
    let mut bytes = Vec::new();
    reply.message.emit(&reply.policy, &mut bytes).unwrap();
    assert!(bytes.len() >= 300);
    for (code, value) in MessageRef::parse(&bytes).unwrap().options().skip(usize::from(kind.is_some())) {
        let value = match (code.0, value) {
            (12 | 15 | 56, text) => String::from_utf8(text.to_vec()).unwrap().replace(' ', "-"),
            (51 | 58 | 59, &[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]).to_string(),
            (1 | 3 | 6 | 28 | 42 | 54, addresses) => addresses
                .chunks(4)
                .map(|address| Ipv4Addr::from(<[u8; 4]>::try_from(address).unwrap()).to_string())
                .collect::<Vec<_>>()
                .join(","),
            (_, bytes) => bytes.iter().fold("x".into(), |text: String, byte| text + &format!("{byte:02x}")),
        };
        write!(text, " {}={value}", code.0).unwrap();
    }
    text
}

/// Plays a conversation; what the server did must be what the file says.
#[track_caller]
fn check(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conversations").join(name);
    let text = fs::read_to_string(&path).unwrap();
    let mut stage = Stage::new();
    text.lines().for_each(|line| stage.line(line));
    let Stage { transcript, .. } = stage;
    for (number, (expect, got)) in text.lines().zip(transcript.lines()).enumerate() {
        assert_eq!(got, expect, "{}:{}\n\nthe whole of it:\n{transcript}", path.display(), number + 1);
    }
    assert_eq!(transcript, text);
}

macro_rules! conversations {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(concat!(stringify!($name), ".txt"));
        })*

        /// No file lies there unplayed.
        #[test]
        fn every_conversation_is_played() {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conversations");
            let mut files: Vec<String> = fs::read_dir(folder)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".txt", ""))
                .collect();
            files.sort_unstable();
            assert_eq!(files, [$(stringify!($name)),*]);
        }
    };
}

conversations! {
    allocation
    bootp
    exclusions
    flood
    give_up
    lease_time
    liar
    netboot
    probing
    rapid_commit
    relay
    relay_options
    request
    reservations
    server_ids
    silence
    twice
}
