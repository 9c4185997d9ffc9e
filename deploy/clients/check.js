// What npm's consul, unchanged, does with an agent: check.js HOST PORT.
const assert = require("assert");
const Consul = require("consul");

async function keys(consul) {
  assert.strictEqual(await consul.kv.set("js/a", "one"), true);
  assert.strictEqual((await consul.kv.get("js/a")).Value, "one");
  assert.strictEqual(await consul.kv.get("js/none"), undefined);
  await consul.kv.set("js/b/c", "x");
  assert.deepStrictEqual(await consul.kv.keys("js/"), ["js/a", "js/b/c"]);
  const watch = consul.watch({ method: consul.kv.get, options: { key: "js/a", wait: "10s" } });
  const seen = new Promise((resolve, reject) => {
    watch.on("change", (entry) => entry && entry.Value === "two" && resolve());
    watch.on("error", reject);
  });
  setTimeout(() => consul.kv.set("js/a", "two"), 300);
  await seen;
  watch.end();
  const done = await consul.transaction.create([{ KV: { Verb: "set", Key: "js/t", Value: "dA==" } }]);
  assert.strictEqual(done.Errors, null);
  await consul.kv.del({ key: "js/", recurse: true });
  assert.strictEqual(await consul.kv.get("js/a"), undefined);
}

async function services(consul) {
  await consul.agent.service.register({ name: "js-web", id: "js-web-1", port: 80, tags: ["a"], check: { ttl: "30s" } });
  assert.ok((await consul.agent.service.list())["js-web-1"]);
  await consul.agent.check.pass("service:js-web-1");
  const healthy = await consul.health.service({ service: "js-web", passing: true });
  assert.strictEqual(healthy[0].Service.ID, "js-web-1");
  assert.strictEqual((await consul.catalog.service.nodes("js-web"))[0].ServicePort, 80);
  assert.deepStrictEqual((await consul.catalog.services())["js-web"], ["a"]);
  await consul.agent.service.maintenance({ id: "js-web-1", enable: true, reason: "why" });
  assert.strictEqual((await consul.health.checks("js-web")).length, 2);
  await consul.agent.service.deregister("js-web-1");
}

async function rest(consul) {
  const session = await consul.session.create({ ttl: "10s", lockdelay: "0s" });
  assert.strictEqual(await consul.kv.set({ key: "js-lock", value: "me", acquire: session.ID }), true);
  assert.strictEqual((await consul.session.renew(session.ID))[0].ID, session.ID);
  await consul.session.destroy(session.ID);
  await consul.kv.del("js-lock");
  assert.match(await consul.status.leader(), /:/);
  assert.ok((await consul.agent.members()).length > 0);
  const query = await consul.query.create({ name: "js-q", service: { service: "js-web" } });
  assert.strictEqual((await consul.query.execute("js-q")).Service, "js-web");
  await consul.query.destroy(query.ID);
  const event = await consul.event.fire("js-event", "body");
  assert.ok((await consul.event.list("js-event")).some((found) => found.ID === event.ID));
}

async function main(host, port) {
  const consul = new Consul({ host, port: Number(port) });
  for (const area of [keys, services, rest]) await area(consul);
  console.log("npm consul: all as it should be");
}

main(...process.argv.slice(2)).then(
  () => process.exit(0),
  (error) => {
    console.error("npm consul:", error);
    process.exit(1);
  },
);
