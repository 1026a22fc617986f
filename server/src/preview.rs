//! What becomes of a machine's templates, without booting it and without its secrets.

use firstlight_machine_fsm::Boot as Answer;

use crate::boot::Boot;
use crate::deployment;
use crate::store::{Credential, Scope};
use crate::templates::{MASK, Prefix, Subject, Templates, TemplatesError};
use crate::userdata::UserData;

/// The text that `subject` would get; what stands for its credentials is a mask.
///
/// # Errors
///
/// When the template cannot be used.
pub async fn preview(
    boot: &Boot,
    templates: &Templates,
    subject: Subject<'_>,
    prefix: Prefix,
) -> Result<String, TemplatesError> {
    let hidden = || MASK.to_owned();
    let credential = Credential {
        token_key: hidden(),
        token_secret: hidden(),
        consumer_key: hidden(),
        machine: subject.record.id.clone(),
        scope: Scope::Ephemeral,
        instance_id: String::new(),
        bootstrap: None,
        address: None,
    };
    let user_data = UserData { templates, subject, credential: &credential };
    match prefix {
        Prefix::Enlist => user_data.bootstrap(Answer::Enlist).await,
        Prefix::EnlistUserdata => user_data.program(Answer::Enlist).await,
        Prefix::Commissioning => user_data.bootstrap(Answer::Commission).await,
        Prefix::Curtin => user_data.bootstrap(Answer::Install).await,
        Prefix::CurtinUserdata => deployment::default_curtin(boot, templates, subject).await,
    }
}
