//! What cloud-init is told: the configuration behind the kernel line, and the program of each phase.
//!
//! The texts are templates in `templates/`, in the language of the `preseed` crate; users' own come before them.

use firstlight_machine_fsm::Boot as Answer;
use firstlight_preseed::{Context, Template, Value};

use crate::store::Credential;
use crate::templates::{Prefix, Subject, Templates, TemplatesError};

/// Renders the texts for the holder of one set of credentials.
pub struct UserData<'a> {
    /// Users' templates.
    pub templates: &'a Templates,
    /// The machine.
    pub subject: Subject<'a>,
    /// How it proves who it is.
    pub credential: &'a Credential,
}

impl UserData<'_> {
    /// What the kernel line's `cloud-config-url` yields when the machine's state answers a netboot with `answer`.
    ///
    /// # Errors
    ///
    /// When the template cannot be used.
    pub async fn bootstrap(&self, answer: Answer) -> Result<String, TemplatesError> {
        let prefix = match answer {
            Answer::Enlist => Prefix::Enlist,
            Answer::Install => Prefix::Curtin,
            _ => Prefix::Commissioning,
        };
        let ours = render("bootstrap", include_str!("../templates/bootstrap.yaml"), &self.context(""))?;
        let own = self.templates.render(prefix.as_str(), &self.subject, self.context(&ours)).await?;
        Ok(own.unwrap_or(ours))
    }

    /// The cloud-init configuration that is written into the installed system.
    ///
    /// # Errors
    ///
    /// When the template is broken.
    pub fn deployed(&self) -> Result<String, TemplatesError> {
        render("deployed", include_str!("../templates/deployed.yaml"), &self.context(""))
    }

    /// The program that the ephemeral system runs when the machine's state answers a netboot with `answer`.
    ///
    /// # Errors
    ///
    /// When the template cannot be used.
    pub async fn program(&self, answer: Answer) -> Result<String, TemplatesError> {
        let common = render("common", include_str!("../templates/common.sh"), &self.context(""))?;
        let context = self.context("").with("common", common).with("phase", phase(answer));
        if answer == Answer::Install {
            return render("install_userdata", include_str!("../templates/install_userdata.sh"), &context);
        }
        let ours = render("commissioning_userdata", include_str!("../templates/commissioning_userdata.sh"), &context)?;
        if answer != Answer::Enlist {
            return Ok(ours);
        }
        let context = context.with("preseed_data", ours.as_str());
        let own = self.templates.render(Prefix::EnlistUserdata.as_str(), &self.subject, context).await?;
        Ok(own.unwrap_or(ours))
    }

    fn context(&self, preseed_data: &str) -> Context {
        let Credential { consumer_key, token_key, token_secret, machine, .. } = self.credential;
        let root = self.subject.http_root;
        self.subject
            .context(preseed_data, None)
            .with("metadata_url", format!("{root}metadata/{machine}/"))
            .with("status_url", format!("{root}metadata/{machine}/status"))
            .with(
                "credential",
                Value::map([
                    ("consumer_key", consumer_key.as_str()),
                    ("token_key", token_key.as_str()),
                    ("token_secret", token_secret.as_str()),
                ]),
            )
    }
}

/// The curtin configuration of a machine whose user gave none.
///
/// # Errors
///
/// When the template cannot be used.
pub async fn default_curtin(
    templates: &Templates,
    subject: &Subject<'_>,
    image_url: &str,
) -> Result<String, TemplatesError> {
    let context = subject.context("", Some(image_url));
    let ours = render("curtin", include_str!("../templates/curtin.yaml"), &context)?;
    let own =
        templates.render(Prefix::CurtinUserdata.as_str(), subject, context.with("preseed_data", ours.as_str())).await?;
    Ok(own.unwrap_or(ours))
}

/// The name of a phase, as results are filed under it.
#[must_use]
pub const fn phase(answer: Answer) -> &'static str {
    match answer {
        Answer::Enlist => "enlist",
        Answer::Install => "install",
        _ => "commission",
    }
}

fn render(name: &str, text: &str, context: &Context) -> Result<String, TemplatesError> {
    Ok(Template::parse(name, text)?.render(context)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Scope;
    use crate::templates::record;

    #[tokio::test]
    async fn every_template_renders() {
        let credential = Credential {
            token_key: "tk".into(),
            token_secret: "it's \"secret\"".into(),
            consumer_key: "ck".into(),
            machine: "abc123".into(),
            scope: Scope::Ephemeral,
            instance_id: "i".into(),
            bootstrap: None,
            address: None,
        };
        let (templates, record) = (Templates::default(), record());
        let subject = Subject { record: &record, os: "debian/bookworm", http_root: "http://10.0.0.1/" };
        let data = UserData { templates: &templates, subject, credential: &credential };
        let bootstrap = data.bootstrap(Answer::Enlist).await.unwrap();
        assert!(bootstrap.starts_with("#cloud-config\n"));
        assert!(bootstrap.contains(r#"metadata_url: "http://10.0.0.1/metadata/abc123/""#), "{bootstrap}");
        assert!(bootstrap.contains(r#"token_secret: "it's \"secret\"""#));
        assert!(data.deployed().unwrap().contains("datasource_list: [MAAS]"));
        for answer in [Answer::Enlist, Answer::Commission, Answer::Install] {
            let program = data.program(answer).await.unwrap();
            assert!(program.starts_with("#!/bin/bash\n"), "{program}");
            let check = std::process::Command::new("bash").args(["-n", "-c", &program]).output().unwrap();
            assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        }
        let curtin = default_curtin(&templates, &subject, "http://h/root.tar.zst").await.unwrap();
        assert!(curtin.contains("root: \"http://h/root.tar.zst\""));
    }
}
