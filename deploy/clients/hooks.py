"""How schemathesis asks, and what it takes for an error of the server's. Consul, and so weft, answers 500 to much that
it refuses; a reason has to stand there. A panic ends the connection, which is an error of its own."""
import schemathesis


@schemathesis.hook
def map_query(context, query):
    """Nobody waits for what does not come, and there is one datacenter."""
    return {name: value for name, value in (query or {}).items() if name not in ("index", "wait", "dc")}


@schemathesis.check
def says_why(context, response, case):
    if response.status_code >= 400 and response.status_code != 404:
        assert response.text.strip(), f"{response.status_code} without a reason"
