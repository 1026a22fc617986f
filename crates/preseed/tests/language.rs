//! The template language, case by case: what it writes, and how it refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use firstlight_preseed::{Context, Limits, Map, Problem, Template, Value};

fn context() -> Context {
    let node = [("hostname", Value::from("web01")), ("cores", Value::from(8)), ("owner", Value::None)];
    Context::new()
        .with("node", node.into_iter().collect::<Map>())
        .with("release", "bookworm")
        .with("disks", Value::list(["sda", "sdb", "nvme0n1"]))
        .with("debug", false)
        .with("x", 7)
}

#[track_caller]
fn check(template: &str, expected: &str) {
    let template = Template::parse("t", template).unwrap();
    assert_eq!(template.render(&context()).unwrap(), expected);
}

#[track_caller]
fn check_error(template: &str, expected: &str) {
    let error = match Template::parse("t", template) {
        Ok(template) => template.render(&context()).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(error, expected);
}

#[test]
fn expressions() {
    check("{{node.hostname}} {{node['hostname']}} {{node.get('none', 'no')}}", "web01 web01 no");
    check("{{node.owner}}|{{[node.owner]}}", "|[None]");
    check("{{disks[0]}} {{disks[-1]}} {{disks[1:]}} {{release[:4]}}", "sda nvme0n1 ['sdb', 'nvme0n1'] book");
    check("{{x + 1}} {{x * 2.5}} {{x / 2}} {{x // 2}} {{-x // 2}} {{-x % 3}} {{-x}}", "8 17.5 3.5 3 -4 2 -7");
    check("{{'%-6s/%03d/%x' % (release[:2], x, 255)}}", "bo    /007/ff");
    check("{{'%(hostname)s has %(cores)d' % node}}", "web01 has 8");
    check(
        "{{1 < x <= 7}} {{x != 7}} {{'sd' in disks}} {{'sda' in disks}} {{x is not None}}",
        "True False False True True",
    );
    check("{{debug or release}} {{debug and release}} {{not debug}}", "bookworm False True");
    check("{{'yes' if x > 5 else 'no'}}", "yes");
    check("{{len('%.70000f' % 0.1)}} {{len('%.70000e' % 0.1)}} {{'%.70000g' % 0.5}}", "70002 70006 0.5");
    check(
        "{{len('{:.70000%}'.format(x))}} {{len('%70000d' % 1)}} {{len('{:>70000}'.format('a'))}}",
        "70005 70000 70000",
    );
    check("{{', '.join(sorted(disks))|escape.json}}", "\"nvme0n1, sda, sdb\"");
    check("{{'a' \"b\"}}{{'\\x41\\u00e9\\n'}}{{r'\\n'}}", "abAé\n\\n");
    check("{{{'a': 1}['a']}}", "1");
    check("{{len(disks)}} {{str(x) + '!'}} {{int('5') + 1}} {{max(1, x)}} {{range(3)}}", "3 7! 6 7 range(0, 3)");
    check("{{release.upper()}} {{'a,b'.split(',')}} {{' a '.strip()}}.", "BOOKWORM ['a', 'b'] a.");
    check("{{x == 7.0}} {{True == 1}} {{'7' == x}} {{[1, 2] < [1, 3]}}", "True True False True");
}

#[test]
fn directives() {
    check("{{for disk in disks}}{{if disk == 'sdb'}}{{continue}}{{endif}}[{{disk}}]{{endfor}}", "[sda][nvme0n1]");
    check("{{for disk in disks}}{{disk}}{{break}}{{endfor}}.", "sda.");
    check("{{for key, value in node.items()}}{{key}}={{value}} {{endfor}}", "hostname=web01 cores=8 owner= ");
    check("{{for i, disk in enumerate(disks)}}{{i}}{{disk}} {{endfor}}", "0sda 1sdb 2nvme0n1 ");
    check("{{for l, d in looper(disks)}}{{d}}{{if not l.last}},{{endif}}{{endfor}}", "sda,sdb,nvme0n1");
    check("{{py: a, b = 1, 2}}{{a}}{{b}}".replace("1, 2", "(1, 2)").as_str(), "12");
    check("{{default x = 1}}{{default y = x + 1}}{{x}}{{y}}", "78");
    check("{{if debug:}}a{{elif x:}}b{{else}}c{{endif}}", "b");
}

#[test]
fn a_directive_alone_on_its_line_takes_it_along() {
    check("a\n  {{if x}}  \nb\n  {{endif}}\nc\n", "a\nb\nc\n");
    check("{{if x}}\n{{if x}}\na\n{{endif}}\n{{endif}}\n", "a\n");
    check("a\n{{if x}} b\n{{endif}}\nc", "a\n b\nc");
    check("a\n\n{{if x}}\nb\n\n\n{{endif}}\n", "a\nb\n\n");
    check("a\n\n  {{if x}}\nb{{endif}}", "a\n\nb");
    check("a {{if x}}\nb{{endif}}\nc", "a \nb\nc");
    check("a\n{{# a comment keeps its line}}\nb", "a\n\nb");
    check("a\n{{x}}\nb", "a\n7\nb");
    check("{{py: y = 1}}\n{{default z = 2}}\n{{y}}{{z}}\n", "12\n");
}

#[test]
fn faults_have_a_place_and_a_name() {
    check_error("a\n  {{nod.hostname}}", "t:2:5: `nod` is not defined; did you mean `node`?");
    check_error("{{node.hostnam}}", "t:1:3: a dictionary has no `hostnam`; did you mean `hostname`?");
    check_error("{{disks[9]}}", "t:1:3: a list has no `item 9`");
    check_error("{{x.y}}", "t:1:3: an int has no `y`");
    check_error("{{x + release}}", "t:1:3: an int and a string do not go together here");
    check_error("{{1 // 0}}", "t:1:3: division by zero");
    check_error("{{x|escape.jso}}", "t:1:5: `escape` has no `jso`; did you mean `json`?");
    check_error("{{release.uper()}}", "t:1:3: a string has no `uper()`; did you mean `upper`?");
    check_error("{{if x = 7}}{{endif}}", "t:1:8: `=` is no comparison; `==` is");
    check_error("a\n{{for d in disks}}\n", "t:2:3: `for` without `endfor`");
    check_error("{{else}}", "t:1:3: `else` outside of an `if`");
    check_error("{{ if x }}{{endif}}", "t:1:4: `if` has to stand between `{{` and `}}` without blanks");
    check_error("{{if x}}{{else:}}{{endif}}", "t:1:11: expected a value, found `else`");
    check_error("{{'a|b'}}", "t:1:3: a string does not end; a `|` starts a filter here, also in a string");
    check_error("{{x\n+ 1}}", "t:2:1: an expression ends with its line unless a bracket is open");
    check_error("{{(x}}", "t:1:5: expected `)`, found end of the expression");
    check_error("{{'x}}", "t:1:3: a string does not end");
    check_error("{{x y}}", "t:1:5: unexpected `y` after an expression");
    check_error("{{for a, b in disks}}{{endfor}}", "t:1:15: 3 values for 2 names");
    check_error("{{enumerate('ab', 9223372036854775807)}}", "t:1:3: the result is larger than 64 bits hold");
    check_error("{{9223372036854775807 + 1}}", "t:1:3: the result is larger than 64 bits hold");
}

#[test]
fn what_python_could_do_is_refused() {
    check_error(
        "{{py: import os}}",
        "t:1:7: `py:` takes `name = expression`: the Python statement `import` is not supported",
    );
    check_error(
        "{{py: node['x'] = 1}}",
        "t:1:7: a template cannot change a value: assigning to a part of one is not supported",
    );
    check_error(
        "{{disks.append(1)}}",
        "t:1:3: a template cannot change a value (`name = name + […]` makes a longer list): `append` of a list is not supported",
    );
    check_error("{{node.__class__}}", "t:1:3: a dictionary has no `__class__`");
    check_error("{{open('/etc/passwd')}}", "t:1:3: `open` is not defined");
    check_error("{{2 ** 9999}}", "t:1:3: the result is larger than 64 bits hold");
}

#[test]
fn lambdas() {
    check("{{sorted(disks, key=lambda d: -len(d))}}", "['nvme0n1', 'sda', 'sdb']");
    check(
        "{{list(map(lambda a, b=x: a * b, [1, 2]))}}{{list(filter(lambda d: 'n' in d, disks))}}",
        "[7, 14]['nvme0n1']",
    );
    check(
        "{{py: f = lambda a, b=1: (a, b)}}{{f(1)}}{{f(1, b=2)}}{{f(b=3, a=4)}}{{(lambda: x)()}}",
        "(1, 1)(1, 2)(4, 3)7",
    );
    // A function that outlives its names sees those that are left.
    check_error("{{py: f = [lambda: d for d in disks]}}{{f[0]()}}", "t:1:20: `d` is not defined");
    check_error("{{(lambda a: a)()}}", "t:1:3: the `lambda` needs `a`");
    check_error("{{(lambda a: a)(1, 2)}}", "t:1:3: the `lambda` takes 1 arguments, not 2");
    check_error("{{(lambda a: a)(1, a=2)}}", "t:1:3: the `lambda` is given `a` twice");
    check_error("{{(lambda a: a)(1, b=2)}}", "t:1:3: the `lambda` takes no argument `b`");
}

#[test]
fn what_a_def_takes() {
    check("{{def f(a, b=2)}}<{{a}} {{b}}>{{enddef}}{{f(1)}}{{f(1, 3)}}", "<1 2><1 3>");
    check("{{def f(*rest, **named, end=1)}}{{rest}}{{named}}{{end}}{{enddef}}{{f(5, 6, n=7)}}", "(6,){'n': 7}5");
    check("{{def f}}{{x}}{{py: x = 1}}{{x}}{{enddef}}{{f()}}{{f}}{{x}}", "71717");
    check("{{def f}}{{g()}}{{enddef}}{{def g}}later{{enddef}}{{f()|escape.json}}", "\"later\"");
    check_error(
        "{{def f(a)}}{{enddef}}{{f(1)}}",
        "t:1:25: `f` takes 0 arguments, not 1; as in MAAS, the last parameter of a `def` counts with a default only: write `a=None`",
    );
    check_error(
        "{{def f(a=1)}}{{enddef}}{{f(a=2)}}",
        "t:1:27: `f` cannot take `a` by name, as in MAAS; give it by position",
    );
    check_error("{{def f(a, b=1)}}{{enddef}}{{f()}}", "t:1:30: `f` needs `a`");
    check_error(
        "{{def f(*a)}}{{enddef}}",
        "t:1:9: `*a` cannot be the last parameter of a `def`; as in MAAS, another has to follow",
    );
    check_error("{{def f}}\n{{nod}}{{enddef}}{{f()}}", "t:2:3: `nod` is not defined; did you mean `node`?");
}

/// Renders `own` where the templates `frame` and `top` can be inherited.
fn inherit(own: &str, frame: &str, top: &str) -> String {
    let templates = |name: &str| match name {
        "frame" | "top" => Template::parse(name, if name == "top" { top } else { frame }).ok(),
        _ => None,
    };
    let own = Template::parse("own", own).unwrap();
    own.render_inheriting(&context(), &Limits::default(), &templates).unwrap_or_else(|error| error.to_string())
}

#[test]
fn a_template_inherits_another() {
    let own = "{{inherit 'frame'}}\n{{def title(t='T')}}{{t}} of {{x}}{{enddef}}\n{{py: y = 1}}\nbody\n";
    assert_eq!(
        inherit(own, "<{{self.title()}}-{{self.title('Q')}}-{{self.body}}-{{y}}-{{x}}>", ""),
        "<T of 7-Q of 7-\nbody\n-1-7>"
    );
    let frame = "{{self.get.title()}}.{{self.get.nope()}}.{{if self.get.nope}}a{{endif}}{{for i in self.get.nope}}{{i}}{{endfor}}{{title()}}";
    assert_eq!(inherit(own, frame, ""), "T of 7..T of 7");
    assert_eq!(inherit(own, "{{py: x = 2}}{{self.title()}}{{x}}", ""), "T of 72");
    let top = "{{self.title()}}/{{self.body}}/{{title()}}";
    assert_eq!(inherit(own, "{{inherit 'top'}}{{def title}}mid{{enddef}}{{self.body}}mid", top), "mid/\nbody\nmid/mid");
    assert_eq!(inherit("{{def f}}{{inherit 'frame'}}{{enddef}}{{f()}}a", "F", ""), "a");
    assert_eq!(inherit("{{inherit 'frame'}}b", "\n{{self.q()}}", ""), "frame:2:3: `self` has no `q()`");
    assert_eq!(inherit("{{inherit 'nope'}}", "", ""), "own:1:11: there is no template `nope` to inherit");
    assert_eq!(inherit("{{inherit x}}", "", ""), "own:1:11: `inherit` takes a template's name, not an int");
    assert_eq!(
        inherit("{{inherit 'frame'}}", "{{inherit 'frame'}}", ""),
        "frame:1:11: the limit of 100 nested operations is reached"
    );
    let fault_of_own = "{{inherit 'frame'}}{{def q}}\n {{nod}}{{enddef}}";
    assert_eq!(inherit(fault_of_own, "{{self.q()}}", ""), "own:2:4: `nod` is not defined; did you mean `node`?");
}

#[track_caller]
fn check_limited(template: &str, what: &str) {
    let problem = match Template::parse("t", template) {
        Ok(template) => template.render(&context()).map(|text| text.len()).unwrap_err().problem,
        Err(error) => error.problem,
    };
    assert!(matches!(problem, Problem::Limit { what: found, .. } if found == what), "{problem:?}");
}

/// The engine reads an expression when a rendering gets to it.
#[test]
fn faults_are_told_where_they_are_reached() {
    check("{{if debug}}{{x y}}{{(}}{{py: import os}}{{py: a.b = 1}}{{b'x'}}{{endif}}ok", "ok");
    check("{{if x}}a{{elif }}b{{endif}}", "a");
    check_error("{{if x or (}}{{endif}}", "t:1:12: expected a value, found end of the expression");
}

#[test]
fn iterators() {
    check("{{next(iter(disks))}} {{next((d for d in disks if d > 'sda'), None)}} {{next(iter([]), '-')}}", "sda sdb -");
    check("{{py: it = iter(disks)}}{{next(it)}}{{next(it)}}{{list(it)}}{{list(it)}}", "sdasdb['nvme0n1'][]");
    check("{{py: z = zip('ab', [1, 2])}}{{dict(z)}}{{dict(z)}}", "{'a': 1, 'b': 2}{}");
    check("{{py: m = map(len, disks)}}{{3 in m}}{{list(m)}}", "True[3, 7]");
    check("{{sorted(map(len, disks), key=lambda n: -n)}}{{max(map(len, disks), key=lambda n: -n)}}", "[7, 3, 3]3");
    check(
        "{{py: it = iter(disks)}}{{for d in it}}{{d}}{{break}}{{endfor}}{{for d in it}} {{d}} {{next(it)}}{{endfor}}",
        "sda sdb nvme0n1",
    );
    check_error("{{next(iter([]))}}", "t:1:3: nothing is left for `next`; it takes a default too");
    check_error("{{next(disks)}}", "t:1:3: `next` takes an iterator, not a list; `iter(…)` makes one");
}

#[test]
fn the_rest_of_a_value() {
    check("{{py: first, *rest = disks}}{{first}} {{rest}}", "sda ['sdb', 'nvme0n1']");
    check("{{py: *most, last = 'ab'}}{{most}} {{last}}{{py: a, *b = (1,)}} {{b}}", "['a'] b []");
    check("{{py: [a, * b, c] = range(4)}}{{a}}{{b}}{{c}}", "0[1, 2]3");
    check_error("{{py: a, b, *c = [1]}}", "t:1:18: 1 values for 3 names");
    check_error("{{py: *a, *b = [1]}}", "t:1:7: one of several names may have a `*`");
    check_error("{{py: *a = [1]}}", "t:1:7: one of several names may have a `*`");
}

#[test]
fn identity() {
    check(
        "{{x is 7}} {{x is '7'}} {{disks is disks}} {{disks is disks[:]}} {{node.owner is None}}",
        "True False True False True",
    );
    check(
        "{{release is 'noble'}} {{release is release}} {{'' is ''}} {{() is ()}} {{[] is not []}}",
        "False True True True True",
    );
    check_error(
        "{{release is 'bookworm'}}",
        "t:1:3: `is` between two equal values, here a string; `==` compares them is not supported",
    );
}

#[test]
fn parameters_of_a_lambda() {
    check(
        "{{(lambda *a: a)(1, 2)}}{{(lambda a, *b, c=3, **d: [a, b, c, d])(1, 2, e=4)}}",
        "(1, 2)[1, (2,), 3, {'e': 4}]",
    );
    check("{{(lambda a, *, b: a + b)(1, b=2)}}{{(lambda **kw: kw)()}}", "3{}");
    check_error("{{(lambda a, *, b: a + b)(1, 2)}}", "t:1:3: the `lambda` takes 1 arguments, not 2");
    check_error("{{(lambda *a, *b: 1)()}}", "t:1:15: the parameter `b` cannot stand here");
    check_error("{{(lambda **a, b: 1)()}}", "t:1:16: the parameter `b` cannot stand here");
}

#[test]
fn names_that_are_there() {
    check(
        "{{'x' in locals()}} {{'y' in locals()}}{{py: y = 1}} {{'y' in locals()}} {{locals()['x']}}",
        "True False True 7",
    );
    check(
        "{{def f(a=1)}}{{'a' in locals()}} {{'x' in locals()}}{{enddef}}{{f()}} {{'a' in locals()}}",
        "True True False",
    );
    check("{{print('to nowhere', x, sep='')}}.", ".");
}

#[test]
fn keys_as_sets() {
    check(
        "{{sorted(node.keys() - ['owner'])}} {{py: both = {'a': 1}.keys() | 'b'}}{{sorted(both)}} {{['a'] & {'a': 1}.keys()}}",
        "['cores', 'hostname'] ['a', 'b'] {'a'}",
    );
    check_error("{{set([1]) - [1]}}", "t:1:3: a set and a list do not go together here");
}

#[test]
fn nothing_is_without_limit() {
    check_limited("{{for a in range(99999999999)}}{{endfor}}", "steps");
    check_limited("{{'x' * 99999999999}}", "steps");
    check_limited("{{[1] * 99999999999}}", "steps");
    check_limited("{{'%99999999999d' % 1}}", "steps");
    check_limited("{{py: a = 'x'}}{{for i in range(99)}}{{py: a = a + a}}{{endfor}}", "steps");
    check_limited("{{py: a = 'x' * 500000}}{{for i in range(99)}}{{a[0]}}{{a}}{{endfor}}", "bytes of output");
    check_limited("{{py: a = []}}{{for i in range(99)}}{{py: a = [a]}}{{endfor}}", "nested lists");
    check_limited("{{py: a = dict()}}{{for i in range(99)}}{{py: a = {'a': a} }}{{endfor}}", "nested lists");
    check_limited(&format!("{{{{{}x{}}}}}", "(".repeat(9999), ")".repeat(9999)), "nested brackets");
    check_limited(&format!("{{{{x{}}}}}", " + x".repeat(9999)), "parts of one expression");
    check_limited(&format!("{{{{x{}}}}}", " + x".repeat(150)), "nested operations");
    check_limited(&format!("{{{{{}x}}}}", "not ".repeat(9999)), "parts of one expression");
    check_limited(&"{{if x}}".repeat(9999), "nested blocks");
    check_limited("{{def f}}{{f()}}{{enddef}}{{f()}}", "nested operations");
    check_limited("{{py: f = lambda: f()}}{{f()}}", "nested operations");
    check_limited("{{py: f = lambda g: g(g)}}{{f(f)}}", "nested operations");
    let (open, close) = ("{{if x}}".repeat(30), "{{endif}}".repeat(30));
    check_limited(&format!("{{{{def f}}}}{open}{{{{f()}}}}{close}{{{{enddef}}}}{{{{f()}}}}"), "nested operations");
    check_limited("{{def f(a=g())}}{{enddef}}{{def g}}{{f()}}{{enddef}}{{f()}}", "nested operations");
    check_limited("{{def f}}{{'x' * 1000}}{{enddef}}{{for i in range(99999)}}{{f() * 1000}}{{endfor}}", "steps");
    check_limited("{{py: a = [1]}}{{for i in range(99)}}{{py: a = a + a}}{{endfor}}", "steps");
    check_limited("{{py: a = [1]}}{{for i in range(30)}}{{py: a = (a, a)}}{{endfor}}{{a == a}}", "steps");
    check_limited("{{'{:99999999999}'.format(1)}}", "steps");
    check_limited("{{'%.99999999999f' % 1}}", "steps");
    check_limited("{{'a'.ljust(99999999999)}}", "steps");
    check_limited("{{'\t'.expandtabs(99999999999)}}", "steps");
    check_limited("{{format(1, '0999999999,')}}", "steps");
    check_limited("{{list(range(99999999999))}}", "steps");
    check_limited("{{99999999999 in range(99999999999)}}", "steps");
    check_limited("{{[a for a in range(9999) for b in range(9999)]}}", "steps");
    check_limited(&format!("{{{{{}x{}}}}}", "[a for a in ".repeat(99), "]".repeat(99)), "nested brackets");
    check_limited(&format!("{{{{{}x}}}}", "x ** ".repeat(999)), "nested brackets");
    check_limited(&format!("{{{{x{}}}}}", "(x)".repeat(300)), "nested operations");
    let template = Template::parse("t", "{{for d in disks}}0123456789{{endfor}}").unwrap();
    let limits = Limits { output: 25, ..Limits::default() };
    let error = template.render_with(&context(), &limits).unwrap_err();
    assert_eq!(error.problem, Problem::Limit { what: "bytes of output", limit: 25 });
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn any_text_gives_a_text_or_an_error(
        text in "(\\{\\{|\\}\\}|if |endif|else|for |in |endfor|py:|x|node|disks|\\.|\\[|\\]|'|[0-9+*%|=(), \n-]){0,40}"
    ) {
        let limits = Limits { steps: 10_000, ..Limits::default() };
        if let Ok(template) = Template::parse("t", &text) {
            let _ = template.render_with(&context(), &limits);
        }
    }

    #[test]
    fn text_without_braces_is_itself(text in "[^{}]{0,60}") {
        let template = Template::parse("t", &text).unwrap();
        proptest::prop_assert_eq!(template.render(&Context::new()).unwrap(), text);
    }
}
