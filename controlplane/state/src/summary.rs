//! What a state holds, in numbers.

use crate::state::State;

/// How much there is of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub name: &'static str,
    pub count: usize,
    /// The bytes that they take when written.
    pub size: usize,
}

/// The tables of a state, with what is in them. Empty ones are left out.
#[must_use]
pub fn summary(state: &State) -> Vec<Table> {
    let tables = [
        table("Nodes", state.nodes.len(), &state.nodes),
        table("Services", state.services.len(), &state.services),
        table("Checks", state.checks.len(), &state.checks),
        table("ConfigEntries", state.config.len(), &state.config),
        table("ConnectCA", usize::from(state.ca.is_some()), &state.ca),
        table("KVs", state.kv.entries.len(), &state.kv.entries),
        table("Tombstones", state.kv.graves.len(), &state.kv.graves),
        table("Sessions", state.sessions.len(), &state.sessions),
        table("LockDelays", state.delays.len(), &state.delays),
        table("PreparedQueries", state.queries.len(), &state.queries),
        table("Coordinates", state.coordinates.len(), &state.coordinates),
        table("Events", state.events.len(), &state.events),
        table("Autopilot", usize::from(state.autopilot.is_some()), &state.autopilot),
        table("ACLTokens", state.acl.tokens.len(), &state.acl.tokens),
        table("ACLPolicies", state.acl.policies.len(), &state.acl.policies),
        table("ACLRoles", state.acl.roles.len(), &state.acl.roles),
        table("ACLAuthMethods", state.acl.methods.len(), &state.acl.methods),
        table("ACLBindingRules", state.acl.rules.len(), &state.acl.rules),
        table("RetiredServers", state.retired.len(), &state.retired),
        table("Indexes", state.touched.len(), &state.touched),
        table("Requests", state.requests.len(), &state.requests),
    ];
    tables.into_iter().filter(|table| table.count > 0).collect()
}

/// About how many rows a state holds: of the tables that grow with what is registered and stored.
#[must_use]
pub fn rows(state: &State) -> usize {
    state.nodes.len() + state.services.len() + state.checks.len() + state.kv.entries.len() + state.touched.len()
}

fn table(name: &'static str, count: usize, rows: &impl serde::Serialize) -> Table {
    let mut counter = Counter(0);
    // Counting plain data fails for no value that a State can hold.
    rmp_serde::encode::write_named(&mut counter, rows).expect("a table is plain data");
    Table { name, count, size: counter.0 }
}

struct Counter(usize);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
