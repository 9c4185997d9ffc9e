//! `weft acl`: tokens, what they are made of, and ways to get one.

mod auth_method;
mod binding_rule;
mod bootstrap;
mod given;
mod grants;
mod legacy;
mod policy;
mod role;
mod set_agent_token;
mod show;
mod templated_policy;
mod token;
mod translate_rules;

use clap::Subcommand;

use crate::env::Env;
use crate::failure::Outcome;

/// Say who may do what
#[derive(Debug, Subcommand)]
pub(crate) enum Acl {
    #[command(subcommand)]
    AuthMethod(auth_method::AuthMethod),
    #[command(subcommand)]
    BindingRule(binding_rule::BindingRule),
    Bootstrap(bootstrap::Bootstrap),
    #[command(subcommand)]
    Policy(policy::Policy),
    #[command(subcommand)]
    Role(role::Role),
    SetAgentToken(set_agent_token::SetAgentToken),
    #[command(subcommand)]
    TemplatedPolicy(templated_policy::TemplatedPolicy),
    #[command(subcommand)]
    Token(Box<token::Token>),
    TranslateRules(translate_rules::TranslateRules),
}

impl Acl {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::AuthMethod(method) => method.run(env).await,
            Self::BindingRule(rule) => rule.run(env).await,
            Self::Bootstrap(bootstrap) => bootstrap.run(env).await,
            Self::Policy(policy) => policy.run(env).await,
            Self::Role(role) => role.run(env).await,
            Self::SetAgentToken(set) => set.run(env).await,
            Self::TemplatedPolicy(template) => template.run(env).await,
            Self::Token(token) => token.run(env).await,
            Self::TranslateRules(translate) => translate.run(env).await,
        }
    }
}
