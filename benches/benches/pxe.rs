//! Who is booting, and what to answer: once for each DHCP packet.

use std::borrow::Cow;
use std::hint::black_box;
use std::net::Ipv4Addr;

use criterion::{Criterion, criterion_group, criterion_main};
use firstlight_pxe::{BootScript, Client, Loader, Policy, Purpose, RequestedPath, Role, decide, render};

const UEFI: [(u8, &[u8]); 3] = [
    (60, b"PXEClient:Arch:00007:UNDI:003000"),
    (93, &[0, 7]),
    (97, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]),
];
const IPXE: [(u8, &[u8]); 4] =
    [(60, b"PXEClient:Arch:00000:UNDI:002001"), (77, b"iPXE"), (93, &[0, 0]), (175, &[19, 1, 1, 21, 1, 1, 24, 1, 1])];

fn identify(options: &[(u8, &'static [u8])]) -> Option<Client> {
    Client::identify(|code| options.iter().find(|(other, _)| *other == code).map(|(_, value)| Cow::Borrowed(*value)))
}

fn pxe(criterion: &mut Criterion) {
    let policy = Policy { server: Ipv4Addr::new(192, 168, 77, 1), http_port: 80 };
    for (name, options) in [("uefi", &UEFI[..]), ("ipxe", &IPXE[..])] {
        criterion.bench_function(&format!("pxe/identify and decide/{name}"), |bencher| {
            bencher.iter(|| identify(black_box(options)).map(|client| decide(&client, Role::Dhcp, &policy)));
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
