//! What cloud-init is told: the configuration behind the kernel line, and the program of each phase.
//!
//! The texts are templates in `templates/`, in the language of the `preseed` crate.

use firstlight_machine_fsm::Boot as Answer;
use firstlight_preseed::{Context, RenderError, Template, TemplateError, Value};

use crate::store::Credential;

/// A built-in template is broken: a defect of this program, shown instead of hidden.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserDataError {
    /// It cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// It cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Renders the texts for the holder of one set of credentials.
pub struct UserData<'a> {
    /// `http://SERVER/`
    pub http_root: &'a str,
    /// Whose, and how they prove it.
    pub credential: &'a Credential,
}

impl UserData<'_> {
    /// What the kernel line's `cloud-config-url` yields.
    ///
    /// # Errors
    ///
    /// When the template is broken.
    pub fn bootstrap(&self) -> Result<String, UserDataError> {
        render("bootstrap", include_str!("../templates/bootstrap.yaml"), &self.context())
    }

    /// The cloud-init configuration that is written into the installed system.
    ///
    /// # Errors
    ///
    /// When the template is broken.
    pub fn deployed(&self) -> Result<String, UserDataError> {
        render("deployed", include_str!("../templates/deployed.yaml"), &self.context())
    }

    /// The program that the ephemeral system runs when the machine's state answers a netboot with `answer`.
    ///
    /// # Errors
    ///
    /// When the template is broken.
    pub fn program(&self, answer: Answer) -> Result<String, UserDataError> {
        let common = render("common", include_str!("../templates/common.sh"), &self.context())?;
        let context = self.context().with("common", common).with("phase", phase(answer));
        if answer == Answer::Install {
            render("install_userdata", include_str!("../templates/install_userdata.sh"), &context)
        } else {
            render("commissioning_userdata", include_str!("../templates/commissioning_userdata.sh"), &context)
        }
    }

    fn context(&self) -> Context {
        let Credential { consumer_key, token_key, token_secret, machine, .. } = self.credential;
        let root = self.http_root;
        Context::new()
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
/// When the template is broken.
pub fn default_curtin(image_url: &str) -> Result<String, UserDataError> {
    render("curtin", include_str!("../templates/curtin.yaml"), &Context::new().with("image_url", image_url))
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

fn render(name: &str, text: &str, context: &Context) -> Result<String, UserDataError> {
    Ok(Template::parse(name, text)?.render(context)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Scope;

    #[test]
    fn every_template_renders() {
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
        let data = UserData { http_root: "http://10.0.0.1/", credential: &credential };
        let bootstrap = data.bootstrap().unwrap();
        assert!(bootstrap.starts_with("#cloud-config\n"));
        assert!(bootstrap.contains(r#"metadata_url: "http://10.0.0.1/metadata/abc123/""#), "{bootstrap}");
        assert!(bootstrap.contains(r#"token_secret: "it's \"secret\"""#));
        assert!(data.deployed().unwrap().contains("datasource_list: [MAAS]"));
        for answer in [Answer::Enlist, Answer::Commission, Answer::Install] {
            let program = data.program(answer).unwrap();
            assert!(program.starts_with("#!/bin/bash\n"), "{program}");
            let check = std::process::Command::new("bash").args(["-n", "-c", &program]).output().unwrap();
            assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
        }
        assert!(default_curtin("http://h/root.tar.zst").unwrap().contains("root: \"http://h/root.tar.zst\""));
    }
}
