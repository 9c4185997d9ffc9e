"""The calling service: knows api only as a port of its own machine. usage: web.py PORT API_PORT"""

import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def ask_api():
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[2]}/", timeout=5) as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode().strip()
    except OSError as failure:
        return 502, str(failure)


class Web(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, text = ask_api()
        body = f"web asked api and got: {status} {text}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Web).serve_forever()
