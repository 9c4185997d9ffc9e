//! Servers that must not join: each says why and what to do, and nothing is harmed.

use crate::harness::{Cluster, Setup, far_off};

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_fit_is_told_why() {
    let mut cluster = Cluster::formed(18, 3).await;
    let secret = ["--encrypt".to_owned(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()];
    let stranger = |more: &[String]| {
        let mut setup = cluster.setup(9);
        setup.more.extend_from_slice(more);
        setup
    };

    let text = cluster.refusal(stranger(&secret)).await;
    assert!(text.contains("secret"), "{text}");

    let fresh = |setup: Setup, number: u8| Setup { data_dir: cluster.setup(number).data_dir, ..setup };
    let text = cluster.refusal(fresh(stranger(&["--datacenter".into(), "dc2".into()]), 20)).await;
    assert!(text.contains("datacenter \"dc2\"") || text.contains("\"dc1\""), "{text}");

    let text = cluster.refusal(fresh(Setup { name: "n1".into(), ..stranger(&[]) }, 21)).await;
    assert!(text.contains("called \"n1\" too") && text.contains("--node"), "{text}");

    for (name, ports) in [
        ("HTTP", &["--dns-port", "-1"][..]),
        ("gRPC", &["--dns-port", "-1", "--http-port", "8501"]),
        ("server", &["--dns-port", "-1", "--http-port", "8501", "--grpc-port", "8503"]),
    ] {
        let ports: Vec<_> = ports.iter().map(|&word| word.to_owned()).collect();
        let text = cluster.refusal(fresh(Setup { address: "127.0.18.1".into(), ..stranger(&ports) }, 22)).await;
        let wanted = format!("the {name} port cannot be opened on 127.0.18.1:");
        assert!(text.contains(&wanted) && text.contains("another process listens"), "{text}");
        assert!(!cluster.setup(22).data_dir.exists(), "a directory was made for nothing");
    }

    for (seconds, way) in [(3600, "ahead of"), (-3600, "behind")] {
        let environment = far_off(cluster.path(), seconds);
        let text = cluster.refusal(fresh(Setup { environment, ..stranger(&[]) }, 24)).await;
        assert!(text.contains("clock is 3") && text.contains(way) && text.contains("set it"), "{text}");
    }

    let copied = cluster.setup(23).data_dir;
    let from = &cluster.servers[1].setup.data_dir;
    assert!(std::process::Command::new("cp").arg("-a").args([from, &copied]).status().unwrap().success());
    let text = cluster.refusal(Setup { data_dir: copied, ..stranger(&[]) }).await;
    assert!(text.contains("must not be copied"), "{text}");

    cluster.servers[2].terminate().await;
    let mut elsewhere = cluster.servers[2].setup.clone();
    elsewhere.more.extend(["--datacenter".into(), "dc2".into()]);
    let text = cluster.refusal(elsewhere).await;
    assert!(text.contains("is of datacenter \"dc1\", not \"dc2\""), "{text}");
    cluster.servers[2].restart();

    // Nothing is harmed.
    cluster.wait_formed().await;
    cluster.servers[0].voters("three voters", |voters| voters == ["n1", "n2", "n3"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_another_cluster_is_told_so() {
    let mut cluster = Cluster::formed(19, 3).await;
    let alone = cluster.alone(9);
    let other = cluster.add(alone);
    let leader = cluster.servers[other].leader().await;
    assert_eq!(leader, "127.0.19.9:8300");
    cluster.servers[other].terminate().await;
    let mut setup = cluster.servers[other].setup.clone();
    setup.retry_join = cluster.setup(9).retry_join;
    let text = cluster.refusal(setup).await;
    assert!(text.contains("cluster") && text.contains("--retry-join"), "{text}");
}
