//! What is said of preseed files that operators write: nothing of good ones, and the right thing of one mistake each.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use firstlight_preseed::debconf::Preseed;

fn file(name: &str) -> String {
    let path = format!("{}/../../testdata/preseed/installer/{name}.cfg", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The problems of a file in which each first text is replaced by the second one.
#[track_caller]
fn check(name: &str, edits: &[(&str, &str)], expected: &[&str]) {
    let mut text = file(name);
    for (old, new) in edits {
        assert!(text.contains(old), "{old}");
        text = text.replacen(old, new, 1);
    }
    let problems = Preseed::parse(text.as_bytes()).check();
    let problems: Vec<String> = problems.iter().map(|problem| format!("{} {problem}", problem.what.code())).collect();
    assert_eq!(problems, expected, "{text}");
}

#[test]
fn nothing_is_said_of_good_files() {
    for name in ["lvm", "recipe", "raid", "crypto", "part"] {
        check(name, &[], &[]);
    }
}

#[test]
fn other_ways_to_be_complete() {
    let mirror = "d-i mirror/http/hostname string deb.lab.example\nd-i mirror/http/directory string /debian\n";
    check(
        "lvm",
        &[(mirror, "d-i mirror/http/mirror select deb.debian.org\n"), ("country string manual", "country string DE")],
        &[],
    );
    check("lvm", &[("mirror/country string manual\n", "apt-setup/use_mirror boolean false\n")], &[]);
    check("lvm", &[("d-i grub-installer/only_debian boolean true\n", "d-i grub-installer/skip boolean true\n")], &[]);
    check("lvm", &[("passwd/root-login boolean false", "passwd/root-password-crypted password $6$a$b")], &[]);
    let user = "d-i passwd/user-fullname string Operations\nd-i passwd/username string ops\n";
    check(
        "lvm",
        &[
            ("passwd/root-login boolean false", "passwd/root-password-crypted password $6$a$b"),
            (user, "d-i passwd/make-user boolean false\n"),
        ],
        &[],
    );
    check(
        "lvm",
        &[(
            "d-i partman-auto/disk string /dev/sda\n",
            "d-i partman/early_command string debconf-set partman-auto/disk /dev/vda\n",
        )],
        &[],
    );
    let ubuntu = "d-i pkgsel/update-policy select none\nd-i base-installer/kernel/override-image string linux-generic\n\
                  d-i user-setup/encrypt-home boolean false\nd-i live-installer/enable boolean false\n";
    check("lvm", &[("tasksel tasksel/first", &format!("{ubuntu}tasksel tasksel/first"))], &[]);
}

#[test]
fn questions_and_values() {
    check(
        "lvm",
        &[("netcfg/get_hostname", "netcfg/get_hostnme")],
        &[
            "unknown-question 6: debian-installer does not ask `netcfg/get_hostnme`; did you mean `netcfg/get_hostname`?",
        ],
    );
    check(
        "lvm",
        &[("root-login boolean", "root-login string")],
        &["wrong-type 16: `passwd/root-login` is a boolean, not a string"],
    );
    check(
        "lvm",
        &[("utc boolean true", "utc boolean yes")],
        &["wrong-value 21: `clock-setup/utc` takes `true` or `false`, and nothing behind it, not `yes`"],
    );
    check(
        "lvm",
        &[("time/zone string Etc/UTC", "time/zone string Etc/UTC\nd-i time/zone string CET")],
        &["replaced 22: the answer to `time/zone` is replaced in line 23"],
    );
    check(
        "lvm",
        &[("curl \\\n", "curl \\ \n")],
        &["incomplete 44: owner, question and type are needed, found only `  vim-tiny`"],
    );
    check(
        "lvm",
        &[("# Packages", " # Packages")],
        &[
            "indented-comment 10: debian-installer takes a comment that does not begin in the first column for an answer",
        ],
    );
    check(
        "lvm",
        &[("utc boolean", "utc boolen")],
        &[
            "unknown-type 21: `boolen` is not a type; did you mean `boolean`?",
            "missing `clock-setup/utc` is not answered: the installer would ask how the hardware clock is set",
        ],
    );
}

/// Each of these answers, taken away, leaves an installation that waits.
#[test]
fn answers_that_are_missing() {
    for (line, problem) in [
        (
            "d-i debian-installer/locale string en_GB.UTF-8\n",
            "`debian-installer/locale` is not answered: the installer would ask for language and country",
        ),
        (
            "d-i keyboard-configuration/xkb-keymap select gb\n",
            "`keyboard-configuration/xkb-keymap` is not answered: the installer would ask for the keyboard's layout",
        ),
        (
            "d-i mirror/http/directory string /debian\n",
            "`mirror/http/directory` is not answered: the installer would ask where on the mirror Debian is",
        ),
        (
            "d-i passwd/username string ops\n",
            "`passwd/username` is not answered: the installer would ask for the user's name",
        ),
        (
            "d-i partman-auto/method string lvm\n",
            "`partman-auto/method` is not answered: the installer would ask how to partition the disk",
        ),
        (
            "d-i partman-auto/choose_recipe select atomic\n",
            "`partman-auto/choose_recipe` is not answered: the installer would ask for a partitioning scheme",
        ),
        (
            "d-i partman-lvm/confirm boolean true\n",
            "`partman-lvm/confirm` is not answered with `true`: the installer would ask before it writes LVM",
        ),
        (
            "d-i partman/confirm_nooverwrite boolean true\n",
            "`partman/confirm_nooverwrite` is not answered with `true`: the installer would ask before it writes",
        ),
        (
            "tasksel tasksel/first multiselect standard, ssh-server\n",
            "`tasksel/first` is not answered: the installer would ask what to install",
        ),
        (
            "d-i grub-installer/bootdev string default\n",
            "`grub-installer/bootdev` is not answered: the installer would ask on which disk to install GRUB, on BIOS machines",
        ),
        (
            "d-i finish-install/reboot_in_progress note\n",
            "`finish-install/reboot_in_progress` is not answered: the finished installation would wait to be acknowledged",
        ),
    ] {
        check("lvm", &[(line, "")], &[&format!("missing {problem}")]);
    }
    let unseen = ("d-i finish-install", "d-i partman/confirm seen false\nd-i finish-install");
    check(
        "lvm",
        &[unseen],
        &["missing `partman/confirm` is not answered with `true`: the installer would ask before it writes"],
    );
}

#[test]
fn partitioning() {
    let recipe = |fault: &str| format!("recipe 27: `partman-auto/expert_recipe`: {fault}");
    let no_lvm = recipe("no partition has `$lvmok{ }`, which the method `lvm` needs");
    for (old, new, fault) in [
        ("mountpoint{ / }", "mountpoint{ /srv }", "no partition has `mountpoint{ / }`: the installer would stop"),
        (
            "method{ swap } format{ }                \\\n              .",
            "method{ swap } format{ }",
            "partition 5 does not end in ` .`",
        ),
        ("method{ swap }", "method{swap}", "`method{swap}`: white space is needed around what is between braces"),
        ("4000 10000", "4G 10000", "partition 4: `4G` is neither a number of megabytes nor a percentage of the memory"),
        ("512 512 1024", "2048 512 1024", "partition 3: its minimum, 2048 MB, is more than its maximum, 1024 MB"),
    ] {
        check("recipe", &[(old, new)], &[&recipe(fault)]);
    }
    check(
        "recipe",
        &[("method string regular", "method string lvm")],
        &[
            &no_lvm,
            "missing `partman-lvm/confirm` is not answered with `true`: the installer would ask before it writes LVM",
            "missing `partman-lvm/confirm_nooverwrite` is not answered with `true`: the installer would ask before it writes LVM",
            "missing `partman-auto-lvm/guided_size` is not answered: the installer would ask how much of the volume group to use",
        ],
    );
    check(
        "lvm",
        &[("select atomic", "select everything")],
        &[
            "wrong-value 28: `partman-auto/choose_recipe` takes `atomic`, `home`, `multi`, `server` or `small_disk`, or an expert recipe, not `everything`",
        ],
    );
    check(
        "lvm",
        &[("method string lvm", "method string zfs")],
        &["wrong-value 27: `partman-auto/method` takes `regular`, `lvm`, `crypto` or `raid`, not `zfs`"],
    );
    check(
        "raid",
        &[("d-i partman-md/confirm boolean true\n", "")],
        &[
            "missing `partman-md/confirm` is not answered with `true`: the installer would ask before it writes the RAID",
        ],
    );
    check(
        "raid",
        &[("ext4 / /dev", "ext4 /srv /dev")],
        &["recipe 28: `partman-auto/expert_recipe`: no partition has `mountpoint{ / }`: the installer would stop"],
    );
    check(
        "crypto",
        &[("passphrase-again password correct horse", "passphrase-again password correct house")],
        &[
            "differs 31: `partman-crypto/passphrase` and `partman-crypto/passphrase-again` differ: the installer would ask for both again",
        ],
    );
}
