//! Who is booting, and what to answer: once for each DHCP packet.

use std::borrow::Cow;
use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddrV4};

use criterion::{Criterion, criterion_group, criterion_main};
use firstlight_pxe::discovery::{Cast, Receipt, Responder};
use firstlight_pxe::{BootScript, Client, Loader, Policy, Purpose, RequestedPath, Role, decide, render};

/// A DISCOVER of OVMF's, as captured.
const UEFI: [(u8, &[u8]); 6] = [
    (53, &[1]),
    (57, &[5, 0xc0]),
    (97, &[0; 17]),
    (94, &[1, 3, 0]),
    (93, &[0, 7]),
    (60, b"PXEClient:Arch:00007:UNDI:003000"),
];
/// One of an iPXE option ROM's.
const IPXE: [(u8, &[u8]); 9] = [
    (53, &[1]),
    (57, &[5, 0xc0]),
    (93, &[0, 0]),
    (94, &[1, 2, 1]),
    (60, b"PXEClient:Arch:00000:UNDI:002001"),
    (77, b"iPXE"),
    (
        175,
        &[
            177, 5, 1, 0x1a, 0xf4, 0x10, 0, 235, 3, 1, 0, 0, 23, 1, 1, 34, 1, 1, 19, 1, 1, 17, 1, 1, 39, 1, 1, 25, 1,
            1, 41, 1, 1, 16, 1, 2, 33, 1, 1, 21, 1, 1, 24, 1, 1, 18, 1, 1,
        ],
    ),
    (61, &[1, 0x52, 0x54, 0, 0x77, 0, 1]),
    (97, &[0; 17]),
];

fn option(options: &[(u8, &'static [u8])]) -> impl Fn(u8) -> Option<Cow<'static, [u8]>> {
    move |code| options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value))
}

fn pxe(criterion: &mut Criterion) {
    let policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 80 };
    let proxy = Responder::new(policy);
    let broadcast = Receipt {
        port: 67,
        cast: Cast::Broadcast,
        source: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
        mac: None,
        ciaddr: Ipv4Addr::UNSPECIFIED,
        giaddr: Ipv4Addr::UNSPECIFIED,
    };
    for (name, options) in [("uefi", &UEFI[..]), ("ipxe", &IPXE[..])] {
        criterion.bench_function(&format!("pxe/identify and decide/{name}"), |bencher| {
            bencher.iter(|| {
                Client::identify(option(black_box(options))).map(|client| decide(&client, Role::Dhcp, &policy))
            });
        });
        criterion.bench_function(&format!("pxe/proxy offer/{name}"), |bencher| {
            bencher.iter(|| proxy.handle(&broadcast, option(black_box(options))));
        });
    }
    criterion.bench_function("pxe/requested path", |bencher| {
        bencher.iter(|| RequestedPath::parse(black_box("pxelinux.cfg/01-52-54-00-77-00-01")));
    });
    let script = BootScript {
        server: policy.server,
        http_port: policy.http_port,
        machine: Some("web01".to_owned()),
        purpose: Purpose::PowerOff { reason: "the machine is Ready".to_owned() },
    };
    criterion.bench_function("pxe/render ipxe script", |bencher| {
        bencher.iter(|| render(Loader::Ipxe, black_box(&script)));
    });
}

criterion_group!(benches, pxe);
criterion_main!(benches);
