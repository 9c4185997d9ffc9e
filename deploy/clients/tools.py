"""What the checks of programs have in common: an agent's API, processes, and waiting with a deadline."""
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request


def request(address, method, path, body=None):
    """What is answered, as JSON or as text; raises what is not a success."""
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    asked = urllib.request.Request(f"http://{address}{path}", data=data, method=method)
    with urllib.request.urlopen(asked, timeout=10) as answer:
        text = answer.read().decode()
    try:
        return json.loads(text)
    except ValueError:
        return text


def until(what, look, seconds=30):
    """Waits until `look` gives something true."""
    begun, seen = time.monotonic(), None
    while time.monotonic() - begun < seconds:
        try:
            seen = look()
        except (OSError, urllib.error.HTTPError, KeyError, IndexError) as error:
            seen, last = None, error
        else:
            last = seen
        if seen:
            return seen
        time.sleep(0.1)
    sys.exit(f"{what}: not within {seconds} s, at last {last!r}")


class Program:
    """A process that ends with the check; its output goes to a file, which is shown if the check fails."""

    def __init__(self, log, *command, **options):
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, **options)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def text(self):
        with open(self.log) as log:
            return log.read()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.kill()
        if kind:
            print(f"--- {self.log}\n{self.text()[-4000:]}", file=sys.stderr)
