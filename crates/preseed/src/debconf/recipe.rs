//! Partitioning without anybody to ask: the answers that a method needs, and the expert recipe.
//!
//! ```text
//! boot-root ::  512 512 1024 ext4  $primary{ } method{ format } format{ } mountpoint{ /boot } .  1000 … -1 ext4 … .
//! name          min prio max  fs   specifiers                                                 end
//! ```

use super::installer::{Answers, given, is};
use super::problem::cut;
use super::{Problem, What};

const RECIPE: &str = "partman-auto/expert_recipe";
const CHOICE: &str = "partman-auto/choose_recipe";

/// What is wrong once a method is given.
pub(super) fn check(answers: &Answers<'_>) -> Vec<Problem> {
    let Some(method) = given(answers, "partman-auto/method").map(str::trim_start) else { return Vec::new() };
    let mut problems = Vec::new();
    if !matches!(method, "regular" | "lvm" | "crypto" | "raid") {
        let (question, value) = ("partman-auto/method".to_owned(), method.to_owned());
        let expected = "`regular`, `lvm`, `crypto` or `raid`";
        let line = answers.get("partman-auto/method").map(|answer| answer.line);
        problems.push(Problem { line, what: What::WrongValue { question, expected, value } });
    }
    problems.extend(confirmations(answers, method));
    problems.extend(choice(answers, method));
    if let Some(recipe) = given(answers, RECIPE) {
        let line = answers.get(RECIPE).map(|answer| answer.line);
        let faults = faults(recipe, method, answers);
        problems
            .extend(faults.into_iter().map(|fault| Problem { line, what: What::Recipe { question: RECIPE, fault } }));
    }
    problems
}

/// A question, the value that it needs, and what happens otherwise. `any` is any value.
type Need = (&'static str, &'static str, &'static str);

const ALWAYS: &[Need] = &[
    ("partman/choose_partition", "finish", "the installer would wait in the list of partitions"),
    ("partman/confirm", "true", "the installer would ask before it writes"),
    ("partman/confirm_nooverwrite", "true", "the installer would ask before it writes"),
    (
        "partman-partitioning/confirm_write_new_label",
        "true",
        "the installer would ask before it makes a partition table",
    ),
    ("partman-lvm/device_remove_lvm", "true", "the installer would ask on a disk that already holds LVM"),
    ("partman-md/device_remove_md", "true", "the installer would ask on a disk that already holds a RAID"),
];

const LVM: &[Need] = &[
    ("partman-lvm/confirm", "true", "the installer would ask before it writes LVM"),
    ("partman-lvm/confirm_nooverwrite", "true", "the installer would ask before it writes LVM"),
    ("partman-auto-lvm/guided_size", ANY, "the installer would ask how much of the volume group to use"),
];

const RAID: &[Need] = &[
    ("partman-md/confirm", "true", "the installer would ask before it writes the RAID"),
    ("partman-auto-raid/recipe", ANY, "there would be no RAID to install to"),
];

const CRYPTO: &[Need] = &[
    ("partman-crypto/passphrase", ANY, "the installer would ask for a passphrase"),
    ("partman-crypto/passphrase-again", ANY, "the installer would ask for the passphrase again"),
];

const ANY: &str = "";

fn confirmations(answers: &Answers<'_>, method: &str) -> Vec<Problem> {
    let more: &[&[Need]] = match method {
        "lvm" => &[LVM],
        "crypto" => &[LVM, CRYPTO],
        "raid" => &[RAID],
        _ => &[],
    };
    let needs = ALWAYS.iter().chain(more.iter().copied().flatten());
    let unmet = needs.filter(|(question, value, _)| match *value {
        ANY => given(answers, question).is_none_or(str::is_empty),
        value => !is(answers, question, value),
    });
    unmet
        .map(|(question, value, effect)| Problem { line: None, what: What::Missing { question, value, effect } })
        .collect()
}

/// Whether the installer knows which recipe to take.
fn choice(answers: &Answers<'_>, method: &str) -> Option<Problem> {
    let own = [RECIPE, "partman-auto/expert_recipe_file"];
    let has_own = own.iter().any(|question| given(answers, question).is_some_and(|value| !value.is_empty()));
    if has_own {
        return None;
    }
    if method == "raid" {
        let effect = "a RAID needs a recipe of one's own";
        return Some(Problem { line: None, what: What::Missing { question: RECIPE, value: ANY, effect } });
    }
    match given(answers, CHOICE).map(str::trim_start) {
        None | Some("") => {
            let effect = "the installer would ask for a partitioning scheme";
            Some(Problem { line: None, what: What::Missing { question: CHOICE, value: ANY, effect } })
        }
        Some("atomic" | "home" | "multi" | "server" | "small_disk") => None,
        Some(other) => {
            let expected = "`atomic`, `home`, `multi`, `server` or `small_disk`, or an expert recipe";
            let (question, value) = (CHOICE.to_owned(), other.to_owned());
            let line = answers.get(CHOICE).map(|answer| answer.line);
            Some(Problem { line, what: What::WrongValue { question, expected, value } })
        }
    }
}

/// A partition of a recipe.
#[derive(Default)]
struct Partition<'a> {
    /// The words before the first specifier: sizes and file system.
    head: Vec<&'a str>,
    /// Specifiers with what is between their braces.
    specifiers: Vec<(&'a str, Vec<&'a str>)>,
}

impl Partition<'_> {
    fn says(&self, name: &str, word: &str) -> bool {
        self.specifiers.iter().any(|(known, words)| *known == name && words.contains(&word))
    }

    fn has(&self, name: &str) -> bool {
        self.specifiers.iter().any(|(known, _)| *known == name)
    }
}

fn faults(recipe: &str, method: &str, answers: &Answers<'_>) -> Vec<String> {
    let Some((_, body)) = recipe.split_once("::") else {
        return vec!["a recipe is a name, `::`, and partitions that each end in ` .`".to_owned()];
    };
    let partitions = match partitions(body) {
        Ok(partitions) => partitions,
        Err(fault) => return vec![fault],
    };
    let mut faults: Vec<String> = Vec::new();
    for (at, partition) in partitions.iter().enumerate() {
        faults.extend(sizes(partition).map(|fault| format!("partition {}: {fault}", at + 1)));
        let wants_mount = partition.has("use_filesystem") && !partition.has("mountpoint");
        if wants_mount && !is(answers, "partman-basicfilesystems/no_mount_point", "false") {
            faults.push(format!(
                "partition {}: a file system without `mountpoint{{ … }}`: the installer would ask",
                at + 1
            ));
        }
    }
    // What lies on a RAID is mounted by the recipe of the RAID.
    let raid = given(answers, "partman-auto-raid/recipe").filter(|_| method == "raid").unwrap_or_default();
    let is_root_on_raid = raid.split_whitespace().any(|word| word == "/");
    if !is_root_on_raid && !partitions.iter().any(|partition| partition.says("mountpoint", "/")) {
        faults.push("no partition has `mountpoint{ / }`: the installer would stop".to_owned());
    }
    let swaps =
        |partition: &Partition<'_>| partition.says("method", "swap") || partition.head.get(3) == Some(&"linux-swap");
    if !partitions.iter().any(swaps) && !is(answers, "partman-basicfilesystems/no_swap", "false") {
        faults
            .push("no swap: the installer would ask, unless `partman-basicfilesystems/no_swap` is `false`".to_owned());
    }
    let in_group = |partition: &Partition<'_>| partition.has("$lvmok") || partition.has("in_vg");
    if matches!(method, "lvm" | "crypto") && !partitions.iter().any(in_group) {
        faults.push(format!("no partition has `$lvmok{{ }}`, which the method `{method}` needs"));
    }
    faults
}

/// The partitions, if their words are well formed.
fn partitions(body: &str) -> Result<Vec<Partition<'_>>, String> {
    let mut partitions = Vec::new();
    let mut partition = Partition::default();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for word in body.split_whitespace() {
        match &mut open {
            Some((name, _)) if word == "." || word.ends_with('{') => {
                return Err(format!(
                    "partition {}: the braces of `{}` are not closed",
                    partitions.len() + 1,
                    cut(name)
                ));
            }
            Some((_, words)) if word != "}" => words.push(word),
            Some(_) => partition.specifiers.extend(open.take()),
            None if word == "." => partitions.push(std::mem::take(&mut partition)),
            None => match word.split_once('{') {
                Some((name, "")) => open = Some((name, Vec::new())),
                Some(_) => return Err(format!("`{}`: white space is needed around what is between braces", cut(word))),
                None if partition.specifiers.is_empty() => partition.head.push(word),
                None => {
                    return Err(format!(
                        "partition {}: `{}` is no specifier, nor is it the ` .` that ends a partition",
                        partitions.len() + 1,
                        cut(word)
                    ));
                }
            },
        }
    }
    if open.is_some() || !partition.head.is_empty() || !partition.specifiers.is_empty() {
        return Err(format!("partition {} does not end in ` .`", partitions.len() + 1));
    }
    if partitions.is_empty() {
        return Err("there is no partition".to_owned());
    }
    Ok(partitions)
}

/// What is wrong with minimum, priority, maximum and file system.
fn sizes(partition: &Partition<'_>) -> Option<String> {
    let [minimum, priority, maximum, _] = partition.head.as_slice() else {
        return Some(format!(
            "minimum, priority, maximum and file system are needed, found `{}`",
            cut(&partition.head.join(" "))
        ));
    };
    for size in [minimum, priority, maximum] {
        let number = size.strip_suffix('%').unwrap_or(size);
        if number.parse::<u64>().is_err() && (size != maximum || number != "-1") {
            return Some(format!("`{}` is neither a number of megabytes nor a percentage of the memory", cut(size)));
        }
    }
    match (minimum.parse::<u64>(), maximum.parse::<u64>()) {
        (Ok(least), Ok(most)) if least > most => {
            Some(format!("its minimum, {least} MB, is more than its maximum, {most} MB"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Preseed;

    const CONFIRMED: &str = "d-i partman/choose_partition select finish\nd-i partman/confirm boolean true\n\
        d-i partman/confirm_nooverwrite boolean true\nd-i partman-partitioning/confirm_write_new_label boolean true\n\
        d-i partman-lvm/device_remove_lvm boolean true\nd-i partman-md/device_remove_md boolean true\n";

    /// What is wrong with the partitioning; the rest of the installation is not looked at.
    #[track_caller]
    fn expect(text: &str, expected: &[&str]) {
        let text = format!("{CONFIRMED}{text}");
        let problems = Preseed::parse(text.as_bytes()).check();
        let shown = problems.iter().filter(|problem| problem.to_string().contains("partman"));
        assert_eq!(shown.map(ToString::to_string).collect::<Vec<_>>(), expected, "{text}");
    }

    #[track_caller]
    fn expect_recipe(recipe: &str, expected: &[&str]) {
        let text = format!("d-i partman-auto/method string regular\nd-i partman-auto/expert_recipe string {recipe}");
        let expected: Vec<String> =
            expected.iter().map(|fault| format!("8: `partman-auto/expert_recipe`: {fault}")).collect();
        expect(&text, &expected.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn confirmations() {
        expect("d-i partman-auto/method string regular\nd-i partman-auto/choose_recipe select atomic\n", &[]);
        let lines = "d-i partman-auto/method string lvm\nd-i partman-auto/choose_recipe select atomic\n\
            d-i partman/confirm boolean false\nd-i partman-lvm/confirm boolean true\nd-i partman-lvm/confirm seen false\n";
        let expected = [
            "2: the answer to `partman/confirm` is replaced in line 9",
            "`partman/confirm` is not answered with `true`: the installer would ask before it writes",
            "`partman-lvm/confirm` is not answered with `true`: the installer would ask before it writes LVM",
            "`partman-lvm/confirm_nooverwrite` is not answered with `true`: the installer would ask before it writes LVM",
            "`partman-auto-lvm/guided_size` is not answered: the installer would ask how much of the volume group to use",
        ];
        expect(lines, &expected);
    }

    #[test]
    fn choices() {
        let asks = "`partman-auto/choose_recipe` is not answered: the installer would ask for a partitioning scheme";
        expect("d-i partman-auto/method string regular\n", &[asks]);
        let unknown = "8: `partman-auto/choose_recipe` takes `atomic`, `home`, `multi`, `server` or `small_disk`, or an expert \
            recipe, not `tiny`";
        expect("d-i partman-auto/method string regular\nd-i partman-auto/choose_recipe select tiny\n", &[unknown]);
        let unknown = "7: `partman-auto/method` takes `regular`, `lvm`, `crypto` or `raid`, not `zfs`";
        expect("d-i partman-auto/method string zfs\nd-i partman-auto/choose_recipe select atomic\n", &[unknown]);
    }

    #[test]
    fn recipes() {
        let root = "1000 50 -1 ext4 method{ format } format{ } use_filesystem{ } filesystem{ ext4 } mountpoint{ / } .";
        let swap = "64 512 200% linux-swap method{ swap } format{ } .";
        expect_recipe(&format!("own :: {root} {swap}"), &[]);
        let no_swap = "no swap: the installer would ask, unless `partman-basicfilesystems/no_swap` is `false`";
        expect_recipe(&format!("own :: {root}"), &[no_swap]);
        expect_recipe(&format!("own :: {root}\nd-i partman-basicfilesystems/no_swap boolean false"), &[]);
        expect_recipe(&format!("own :: {swap}"), &["no partition has `mountpoint{ / }`: the installer would stop"]);
        expect_recipe("own", &["a recipe is a name, `::`, and partitions that each end in ` .`"]);
        expect_recipe("own ::", &["there is no partition"]);
        expect_recipe("own :: 1 2 3 ext4 method{ format }", &["partition 1 does not end in ` .`"]);
        expect_recipe("own :: 1 2 3 ext4 method{ format .", &["partition 1: the braces of `method` are not closed"]);
        expect_recipe(
            "own :: 1 2 3 ext4 method{format} .",
            &["`method{format}`: white space is needed around what is between braces"],
        );
        let faults = [
            "partition 2: minimum, priority, maximum and file system are needed, found `9 1`",
            "partition 3: `1G` is neither a number of megabytes nor a percentage of the memory",
            "partition 4: its minimum, 9 MB, is more than its maximum, 8 MB",
            "partition 5: a file system without `mountpoint{ … }`: the installer would ask",
        ];
        let parts = "9 1 . 1G 1 2 ext4 . 9 8 8 ext4 . 1 2 3 ext4 use_filesystem{ } .";
        expect_recipe(&format!("own :: {root} {parts} {swap}"), &faults);
    }
}
