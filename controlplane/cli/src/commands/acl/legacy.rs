//! Flags of Consul that turn its tokens of before 1.4 into those of today: here there are none.

use crate::failure::Failure;

const NONE: &str = "there are no tokens of the kind that Consul had before 1.4: all of them are as those of today";

/// Of `token update`.
#[derive(Debug, clap::Args)]
pub(super) struct Upgrade {
    #[arg(long, hide = true)]
    upgrade_legacy: bool,
}

/// Of `policy create`.
#[derive(Debug, clap::Args)]
pub(super) struct Origin {
    #[arg(long, hide = true)]
    from_token: Option<String>,
    #[arg(long, hide = true)]
    token_secret: bool,
}

/// Of `translate-rules`.
#[derive(Debug, clap::Args)]
pub(super) struct Meant {
    #[arg(long, hide = true)]
    token_accessor: bool,
    #[arg(long, hide = true)]
    token_secret: bool,
}

impl Upgrade {
    pub(super) fn refuse(&self) -> Result<(), Failure> {
        refuse(self.upgrade_legacy, "--upgrade-legacy", "leave it out")
    }
}

impl Origin {
    pub(super) fn refuse(&self) -> Result<(), Failure> {
        let flag = if self.from_token.is_some() { "--from-token" } else { "--token-secret" };
        refuse(self.from_token.is_some() || self.token_secret, flag, "give the rules with --rules")
    }
}

impl Meant {
    pub(super) fn refuse(&self) -> Result<(), Failure> {
        let flag = if self.token_accessor { "--token-accessor" } else { "--token-secret" };
        refuse(self.token_accessor || self.token_secret, flag, "give the rules themselves, or @FILE")
    }
}

fn refuse(given: bool, flag: &str, remedy: &str) -> Result<(), Failure> {
    if given { Err(Failure::new(format!("{flag}: {NONE}; {remedy}"))) } else { Ok(()) }
}
