//! What cloud-init is told: the configuration behind the kernel line, and the program of each phase.
//!
//! The texts are templates in `templates/`, in the language of the `preseed` crate; users' own come before them.

use firstlight_machine_fsm::Boot as Answer;
use firstlight_preseed::{Context, Template, Value};

use crate::store::Credential;
use crate::templates::{Node, Prefix, Templates, TemplatesError};

/// Renders the texts for the holder of one set of credentials.
pub struct UserData<'a> {
    /// Users' templates.
    pub templates: &'a Templates,
    /// The machine.
    pub node: Node<'a>,
    /// `http://SERVER/`
    pub http_root: &'a str,
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
        let ours = render("bootstrap", include_str!("../templates/bootstrap.yaml"), &self.context())?;
        match self.templates.find(prefix, &self.node).await? {
            Some(own) => Ok(own.render(&self.context().with("preseed_data", ours))?),
            None => Ok(ours),
        }
    }

    /// The cloud-init configuration that is written into the installed system.
    ///
    /// # Errors
    ///
    /// When the template is broken.
    pub fn deployed(&self) -> Result<String, TemplatesError> {
        render("deployed", include_str!("../templates/deployed.yaml"), &self.context())
    }

    /// The program that the ephemeral system runs when the machine's state answers a netboot with `answer`.
    ///
    /// # Errors
    ///
    /// When the template cannot be used.
    pub async fn program(&self, answer: Answer) -> Result<String, TemplatesError> {
        let common = render("common", include_str!("../templates/common.sh"), &self.context())?;
        let context = self.context().with("common", common).with("phase", phase(answer));
        if answer == Answer::Install {
            return render("install_userdata", include_str!("../templates/install_userdata.sh"), &context);
        }
        let own = match answer {
            Answer::Enlist => self.templates.find(Prefix::EnlistUserdata, &self.node).await?,
            _ => None,
        };
        match own {
            Some(own) => Ok(own.render(&context)?),
            None => render("commissioning_userdata", include_str!("../templates/commissioning_userdata.sh"), &context),
        }
    }

    fn context(&self) -> Context {
        let Credential { consumer_key, token_key, token_secret, machine, .. } = self.credential;
        let root = self.http_root;
        self.node
            .context(root)
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
    node: &Node<'_>,
    http_root: &str,
    image_url: &str,
) -> Result<String, TemplatesError> {
    let context = node.context(http_root).with("image_url", image_url);
    match templates.find(Prefix::CurtinUserdata, node).await? {
        Some(own) => Ok(own.render(&context)?),
        None => render("curtin", include_str!("../templates/curtin.yaml"), &context),
    }
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
        let (templates, http_root) = (Templates::default(), "http://10.0.0.1/");
        let node = Node { id: "abc123", name: "web01", os: "debian/bookworm" };
        let data = UserData { templates: &templates, node, http_root, credential: &credential };
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
        let curtin = default_curtin(&templates, &node, http_root, "http://h/root.tar.zst").await.unwrap();
        assert!(curtin.contains("root: \"http://h/root.tar.zst\""));
    }
}
