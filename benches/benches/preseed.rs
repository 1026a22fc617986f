//! Names and templates, beside minijinja: the same text from the same values, each in its own language.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use firstlight_preseed::{Context, LookupKey, Map, Template, Value, candidates};

/// About 200 lines: a block of five, forty times.
fn ours() -> String {
    let mut text = String::new();
    for block in 0..40 {
        let _ = write!(
            text,
            "section_{block}:\n{{{{if node.cores > 4}}}}\n  host: {{{{node.hostname|escape.json}}}}\n{{{{endif}}}}\n\
             {{{{for disk in disks}}}}\n  - {{{{disk}}}}\n{{{{endfor}}}}\n"
        );
    }
    text
}

fn minijinja() -> String {
    let mut text = String::new();
    for block in 0..40 {
        let _ = write!(
            text,
            "section_{block}:\n{{% if node.cores > 4 %}}\n  host: \"{{{{ node.hostname }}}}\"\n{{% endif %}}\n\
             {{% for disk in disks %}}\n  - {{{{ disk }}}}\n{{% endfor %}}\n"
        );
    }
    text
}

fn names(criterion: &mut Criterion) {
    let key = LookupKey {
        prefix: "curtin_userdata",
        osystem: "ubuntu",
        arch: Some(("amd64", "generic")),
        release: "noble",
        name: Some("web01"),
        default: true,
    };
    criterion.bench_function("preseed/candidates", |bencher| {
        bencher.iter(|| candidates(black_box(&key)).map(|name| name.len()).sum::<usize>());
    });
}

fn templates(criterion: &mut Criterion) {
    let node: Map = [("hostname", Value::from("web01")), ("cores", Value::from(8))].into_iter().collect();
    let context = Context::new().with("node", node).with("disks", Value::list(["sda", "sdb", "sdc"]));
    let text = ours();
    criterion.bench_function("preseed/parse/ours", |bencher| {
        bencher.iter(|| Template::parse("t", black_box(&text)));
    });
    let template = Template::parse("t", &text).expect("a template");
    let expected = template.render(&context).expect("a text");
    criterion.bench_function("preseed/render/ours", |bencher| bencher.iter(|| template.render(black_box(&context))));

    let text = minijinja();
    let mut environment = minijinja::Environment::new();
    environment.set_trim_blocks(true);
    environment.set_keep_trailing_newline(true);
    criterion.bench_function("preseed/parse/minijinja", |bencher| {
        bencher.iter(|| environment.template_from_str(black_box(&text)).map(drop));
    });
    let template = environment.template_from_str(&text).expect("a template");
    let context = minijinja::context! {
        node => minijinja::context! { hostname => "web01", cores => 8 },
        disks => ["sda", "sdb", "sdc"],
    };
    assert_eq!(template.render(&context).expect("a text"), expected, "both write the same");
    criterion.bench_function("preseed/render/minijinja", |bencher| {
        bencher.iter(|| template.render(black_box(&context)));
    });
}

criterion_group!(benches, names, templates);
criterion_main!(benches);
