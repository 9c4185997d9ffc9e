"""Three servers, three programs that want to lead, and kill -9 of the servers' leader: elect.py WEFT ELECT FOLDER."""
import os
import sys

from tools import Program, request, until

ADDRESSES = [f"127.43.9.{number}" for number in (1, 2, 3)]
# A session of 10 s is given up after at most twice that time.
PASSED_ON = 60


def main(weft, elect, folder):
    servers, electors, down = {}, {}, set()

    def start(address):
        join = [word for other in ADDRESSES for word in ("--retry-join", other)]
        servers[address] = Program(
            os.path.join(folder, f"{address}.log"), weft, "agent", "--server", "--node", f"n{address[-1]}", "--bind",
            address, "--client", address, "--data-dir", os.path.join(folder, address), "--bootstrap-expect", "3", *join)

    def leader(asked):
        return request(f"{asked}:8500", "GET", "/v1/status/leader").split(":")[0]

    def words(address):
        return [line.split() for line in electors[address].text().splitlines()]

    def leading():
        last = {address: words(address)[-1] for address in electors if words(address)}
        return [address for address, (word, _) in last.items() if word == "leads" and electors[address].process.poll() is None]

    def terms():
        return [int(term) for address in electors for word, term in words(address) if word == "leads"]

    def holds(address):
        """One program leads whose server lives, and the servers say so."""
        def look():
            now = [one for one in leading() if one not in down]
            pair = request(f"{address}:8500", "GET", "/v1/kv/elect/leader?consistent")[0]
            return len(now) == 1 and "Session" in pair and now[0]
        return look

    try:
        for address in ADDRESSES:
            start(address)
        for address in ADDRESSES:
            until("the servers are one cluster", lambda: leader(address) in ADDRESSES, 60)
        for number in (1, 2, 3):
            first = leader(ADDRESSES[0])
            # In the first round the first program is with the server that will die.
            for address in sorted(ADDRESSES, key=lambda one: one != first):
                if address not in electors:
                    electors[address] = Program(os.path.join(folder, f"elect-{address}.log"), elect, f"{address}:8500")
                    until("one leads", lambda: len(leading()) == 1)
            before = until("one leads", holds(first), PASSED_ON)
            servers[first].kill()
            down.add(first)
            rest = [address for address in ADDRESSES if address != first]
            next_leader = until("the servers have a leader", lambda: leader(rest[0]) in rest and leader(rest[0]), 30)
            after = until("one leads again", holds(next_leader), PASSED_ON)
            print(f"round {number}: killed {first}; {before} led before, {after} after")
            start(first)
            down.clear()
            until("it is back", lambda: leader(first) in ADDRESSES, 60)
            until("one leads", holds(first), PASSED_ON)
        if len(terms()) != len(set(terms())):
            sys.exit(f"two led in the same term: {sorted(terms())}")
        print("leader election: all as it should be")
    except BaseException:
        for one in [*servers.values(), *electors.values()]:
            print(f"--- {one.log}\n{one.text()[-1500:]}", file=sys.stderr)
        raise
    finally:
        for one in [*electors.values(), *servers.values()]:
            one.kill()


main(*sys.argv[1:])
