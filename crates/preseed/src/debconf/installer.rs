//! What an unattended installation over the network needs an answer to.

use std::collections::BTreeMap;

use super::{Answer, Problem, What};

/// The installer's answers by question.
pub(super) type Answers<'a> = BTreeMap<&'a str, &'a Answer>;

/// The value of an answer that keeps the installer from asking: an unseen one is a mere default.
pub(super) fn given<'a>(answers: &Answers<'a>, question: &str) -> Option<&'a str> {
    answers.get(question).filter(|answer| answer.seen).map(|answer| answer.value.as_str())
}

/// Whether a question is answered so.
pub(super) fn is(answers: &Answers<'_>, question: &str, value: &str) -> bool {
    given(answers, question).is_some_and(|given| given.trim_start() == value)
}

/// What is missing.
pub(super) fn missing(answers: &Answers<'_>) -> Vec<Problem> {
    let mut needs = Needs { answers, problems: Vec::new() };
    needs.language();
    needs.mirror();
    needs.accounts();
    needs.disk();
    needs.same("partman-crypto/passphrase", "partman-crypto/passphrase-again");
    needs.same("network-console/password", "network-console/password-again");
    needs.same("grub-installer/password", "grub-installer/password-again");
    needs.any("time/zone", "the installer would ask for the time zone");
    needs.any("clock-setup/utc", "the installer would ask how the hardware clock is set");
    needs.software();
    needs.boot_loader();
    needs.any("finish-install/reboot_in_progress", "the finished installation would wait to be acknowledged");
    needs.problems
}

struct Needs<'a> {
    answers: &'a Answers<'a>,
    problems: Vec<Problem>,
}

impl Needs<'_> {
    fn has(&self, question: &str) -> bool {
        given(self.answers, question).is_some()
    }

    /// An answer that is not empty.
    fn filled(&self, question: &str) -> bool {
        given(self.answers, question).is_some_and(|value| !value.trim().is_empty())
    }

    fn any(&mut self, question: &'static str, effect: &'static str) {
        if !self.has(question) {
            self.add(question, effect);
        }
    }

    fn some(&mut self, question: &'static str, effect: &'static str) {
        if !self.filled(question) {
            self.add(question, effect);
        }
    }

    fn add(&mut self, question: &'static str, effect: &'static str) {
        self.problems.push(Problem { line: None, what: What::Missing { question, value: "", effect } });
    }

    fn language(&mut self) {
        if !(self.filled("debian-installer/language") && self.filled("debian-installer/country")) {
            self.some("debian-installer/locale", "the installer would ask for language and country");
        }
        if !self.filled("keyboard-configuration/layoutcode") {
            self.some("keyboard-configuration/xkb-keymap", "the installer would ask for the keyboard's layout");
        }
    }

    fn mirror(&mut self) {
        if is(self.answers, "apt-setup/use_mirror", "false") || is(self.answers, "apt-setup/no_mirror", "true") {
            return;
        }
        let protocol = given(self.answers, "mirror/protocol").unwrap_or("http").trim_start();
        let [chosen, hostname, directory, proxy] = match protocol {
            "https" => ["mirror/https/mirror", "mirror/https/hostname", "mirror/https/directory", "mirror/https/proxy"],
            "ftp" => ["mirror/ftp/mirror", "mirror/ftp/hostname", "mirror/ftp/directory", "mirror/ftp/proxy"],
            _ => ["mirror/http/mirror", "mirror/http/hostname", "mirror/http/directory", "mirror/http/proxy"],
        };
        self.some("mirror/country", "the installer would ask for a country with a mirror");
        if !self.filled(chosen) {
            self.some(hostname, "the installer would ask for a mirror");
            self.some(directory, "the installer would ask where on the mirror Debian is");
        }
        self.any(proxy, "the installer would ask for a proxy; an empty answer means none");
    }

    fn accounts(&mut self) {
        if !is(self.answers, "passwd/root-login", "false") {
            let questions = ["passwd/root-password-crypted", "passwd/root-password", "passwd/root-password-again"];
            self.password(questions, "the installer would ask for root's password");
        }
        if !is(self.answers, "passwd/make-user", "false") {
            self.any("passwd/user-fullname", "the installer would ask for the user's full name");
            self.some("passwd/username", "the installer would ask for the user's name");
            let questions = ["passwd/user-password-crypted", "passwd/user-password", "passwd/user-password-again"];
            self.password(questions, "the installer would ask for the user's password");
        }
    }

    fn password(&mut self, [crypted, plain, again]: [&'static str; 3], effect: &'static str) {
        if self.filled(crypted) {
            return;
        }
        if !self.filled(plain) {
            self.add(crypted, effect);
        } else if !self.filled(again) {
            self.add(again, effect);
        } else {
            self.same(plain, again);
        }
    }

    /// A secret and its repetition, where both are given.
    fn same(&mut self, plain: &'static str, again: &'static str) {
        if let (Some(first), Some(second)) = (given(self.answers, plain), given(self.answers, again))
            && first != second
        {
            let line = self.answers.get(again).map(|answer| answer.line);
            self.problems.push(Problem { line, what: What::Differs { question: plain } });
        }
    }

    fn disk(&mut self) {
        if !self.filled("partman-auto/init_automatically_partition") {
            self.some("partman-auto/method", "the installer would ask how to partition the disk");
        }
    }

    fn software(&mut self) {
        if !is(self.answers, "pkgsel/run_tasksel", "false") {
            self.any("tasksel/first", "the installer would ask what to install");
        }
        self.any("popularity-contest/participate", "the installer would ask whether to take part in the survey");
    }

    fn boot_loader(&mut self) {
        if is(self.answers, "grub-installer/skip", "true") {
            return;
        }
        if !self.has("grub-installer/with_other_os") {
            self.any("grub-installer/only_debian", "the installer would ask whether to install GRUB to the disk");
        }
        self.some("grub-installer/bootdev", "the installer would ask on which disk to install GRUB, on BIOS machines");
    }
}
