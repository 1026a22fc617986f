//! Reading a curtin configuration, beside YAML readers that keep no positions; checking and planning it.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use firstlight_curtin_config::{Disk, Level, Merge, ShellOptions, Target, check, parse, plan, render_shell};
use yaml_rust2::YamlLoader;

/// A storage section of `disks` disks with eight formatted and mounted partitions each.
fn config(disks: usize) -> String {
    let mut yaml =
        String::from("sources: {root: 'http://127.0.0.1/root.tar.zst'}\nstorage:\n  version: 1\n  config:\n");
    for disk in 0..disks {
        let _ = writeln!(yaml, "  - {{id: d{disk}, type: disk, serial: s{disk}, ptable: gpt, wipe: superblock}}");
        for part in 0..8 {
            let flag = if part == 0 { "bios_grub" } else { "linux" };
            let _ = writeln!(
                yaml,
                "  - id: p{disk}-{part}\n    type: partition\n    device: d{disk}\n    size: 1G\n    flag: {flag}"
            );
            if part > 0 {
                let path = if disk == 0 && part == 1 { "/".to_owned() } else { format!("/srv/{disk}-{part}") };
                let _ =
                    writeln!(yaml, "  - {{id: f{disk}-{part}, type: format, volume: p{disk}-{part}, fstype: ext4}}");
                let _ = writeln!(yaml, "  - {{id: m{disk}-{part}, type: mount, device: f{disk}-{part}, path: {path}}}");
            }
        }
    }
    yaml
}

fn machine(disks: usize) -> Target {
    let disk = |at: usize| Disk { serial: Some(format!("s{at}")), ..Disk::new(format!("/dev/nvme{at}n1"), 64 << 30) };
    Target { disks: (0..disks).map(disk).collect(), ..Target::default() }
}

fn benches(criterion: &mut Criterion) {
    for disks in [1, 64] {
        let yaml = config(disks);
        let mut group = criterion.benchmark_group(format!("curtin/{disks}-disks"));
        group.throughput(Throughput::Bytes(yaml.len() as u64));
        group.bench_function("firstlight values", |b| {
            b.iter(|| {
                let mut merge = Merge::new();
                let outcome = merge.add("", black_box(&yaml));
                (merge, outcome)
            });
        });
        group.bench_function("firstlight parse", |b| b.iter(|| parse(black_box(&yaml))));
        group.bench_function("firstlight check", |b| b.iter(|| check(black_box(&yaml), Level::Lint)));
        group.bench_function("yaml-rust2 values", |b| b.iter(|| YamlLoader::load_from_str(black_box(&yaml))));
        group.bench_function("serde-saphyr to json", |b| {
            b.iter(|| serde_saphyr::from_str::<serde_json::Value>(black_box(&yaml)));
        });
        let (parsed, target) = (parse(&yaml), machine(disks));
        group.bench_function("firstlight plan", |b| b.iter(|| plan(black_box(&parsed.config), &target)));
        if let Ok(plan) = plan(&parsed.config, &target) {
            group.bench_function("firstlight render", |b| {
                b.iter(|| render_shell(black_box(&plan), &ShellOptions::default()));
            });
        }
        group.finish();
    }
}

criterion_group!(curtin, benches);
criterion_main!(curtin);
