#!/usr/bin/python3
"""httpd.py LOG [ANSWER]... - an HTTP server for tests: on a free port of 127.0.0.1, which it prints

Every request is a JSON line of LOG: method, path, headers, body. An ANSWER is STATUS[:RETRY-AFTER];
the first request with a body gets the first one, and so on; the last one is given for ever (204
without any). Requests for these paths are answered by their names instead:
  /echo             200, and the request as JSON
  /big/N            200, and N bytes
  /slow             nothing, until the client has gone
  /upgrade          101, then an echo of what comes, in capitals; greets with "hello\\n" at once
  /loop             302 to itself
LR_HTTPD_CERT=FILE (certificate and key, PEM): HTTPS.
"""
import http.server
import json
import os
import ssl
import sys
import threading

log, answers = open(sys.argv[1], "a", buffering=1), sys.argv[2:] or ["204"]
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def upgrade(self):
        self.send_response(101)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", self.headers["Upgrade"])
        self.end_headers()
        self.wfile.write(b"hello\n")
        self.wfile.flush()
        try:
            while data := self.connection.recv(65536):
                self.connection.sendall(data.upper())
        except OSError:
            pass  # it was closed on us
        self.close_connection = True

    def scripted(self):
        with lock:
            now = answers.pop(0) if len(answers) > 1 else answers[0]
        status, _, after = now.partition(":")
        self.answer(int(status), **({"Retry_After": after} if after else {}))

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        request = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body}
        with lock:
            print(json.dumps({**request, "connection": self.client_address[1]}), file=log)
        if self.path == "/echo":
            self.answer(200, json.dumps(request).encode(), Content_Type="application/json", Retry_After="7")
        elif self.path.startswith("/big/"):
            self.answer(200, b"x" * int(self.path[5:]))
        elif self.path == "/slow":
            self.connection.recv(1)
            self.close_connection = True
        elif self.path == "/upgrade":
            self.upgrade()
        elif self.path == "/loop":
            self.answer(302, Location="/loop")
        else:
            self.scripted()

    do_GET = do_PUT = do_POST = do_DELETE = serve


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if os.environ.get("LR_HTTPD_CERT"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["LR_HTTPD_CERT"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
