//! Each folder of `tests/golden` is a case: `case.json` and, for each of its proxies, what is made of it.
//! `UPDATE_GOLDEN=1` writes the expected files anew; read the difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use weft_mesh::Standing;
use weft_state::State;
use weft_xds::resources::ProxyCompiler;

use crate::authority;
use crate::render;
use crate::world::Case;

#[test]
fn every_case_compiles_to_what_is_expected() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = Vec::new();
    for folder in cases() {
        let case = Case::parse(&fs::read_to_string(folder.join("case.json")).unwrap());
        let state = case.state(authority::fixed());
        for compiler in compile(&case, &state) {
            let found = describe(&compiler);
            let file = folder.join(format!("{}.txt", compiler.proxy().id));
            if update {
                fs::write(&file, &found).unwrap();
            } else if fs::read_to_string(&file).ok().as_deref() != Some(found.as_str()) {
                wrong.push((file, found));
            }
        }
    }
    for (file, found) in &wrong {
        eprintln!("--- {} should not be, or we should not make:\n{found}", file.display());
    }
    assert!(wrong.is_empty(), "{} files differ; UPDATE_GOLDEN=1 writes them", wrong.len());
}

/// The folders of all cases.
pub(crate) fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() > 15);
    folders
}

fn compile(case: &Case, state: &State) -> Vec<ProxyCompiler> {
    let shared = case.shared();
    let compilers = case.proxy_ids().into_iter().map(|proxy| {
        let mut compiler = ProxyCompiler::new(shared.clone(), proxy);
        let _ = compiler.update(state, &BTreeSet::new());
        if let Some(service) = compiler.service().cloned() {
            let _ = compiler.set_leaf(&authority::fixed_leaf(service.as_str()));
        }
        compiler
    });
    compilers.collect()
}

fn describe(compiler: &ProxyCompiler) -> String {
    let notices: String = compiler.notices().iter().map(|notice| format!("notice: {notice}\n")).collect();
    match compiler.resources() {
        Some(set) => notices + &render::set(set),
        None => {
            assert_ne!(compiler.standing(), Standing::Ready);
            format!("{notices}nothing: {:?}\n", compiler.standing())
        }
    }
}
