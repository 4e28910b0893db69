"""Object stores for the tests to stand on: S3's protocol by moto, with every signature checked and failures injected;
Cloud Storage's XML protocol, a web server over a directory, and the clouds' metadata services in a few lines each.

What goes wrong is said by `fault`, a function of the request that returns nothing, or one of the words below.
"""

import datetime
import hashlib
import http.server
import json
import re
import socket
import threading
import time
import urllib.parse
from email.utils import formatdate
from xml.sax.saxutils import escape

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

import boto3
from harness import until

ACCESS_KEY = "AKIDEXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
BUCKET = "models"
TOKEN = "ya29.token-of-the-metadata-server"


class Request:
    """A request as a fault judges it."""

    def __init__(self, method, path, headers):
        self.method = method
        self.path = path
        self.headers = headers


class Faults:
    """Requests are noted; `fault` says what becomes of each."""

    def __init__(self):
        self.requests = []
        self.fault = lambda request: None
        self.problems = []

    def judge(self, method, path, headers):
        request = Request(method, path, headers)
        self.requests.append(request)
        return self.fault(request)

    def count(self, method, part):
        return sum(request.method == method and part in request.path for request in self.requests)


class QuietHandler(WSGIRequestHandler):
    def log(self, *_):
        pass


class SimpleStorage(Faults):
    """moto behind a check of signatures. `with` gives it a bucket and takes it away again.

    Faults: "slow" (half a second), "500", "503", "expired" (ExpiredToken), "denied", "redirect" (to the metadata
    address), "cut" (in the middle of the body), "swap" (one byte of the body is another), "lost" (done, and the answer
    never comes), "hang" (until the client goes).
    """

    def __init__(self):
        super().__init__()
        self.inner = DomainDispatcherApplication(create_backend_app)
        self.server = make_server("127.0.0.1", 0, self.answer, threaded=True, request_handler=QuietHandler)
        self.endpoint = f"http://127.0.0.1:{self.server.port}"
        self.session_token = None
        self.ending = threading.Event()
        # What is under way when a test ends would write into the next one's bucket, which is the same to moto.
        self.is_closing = False
        self.lock = threading.Lock()
        self.under_way = 0

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.client = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )
        self.client.create_bucket(Bucket=BUCKET)
        self.requests.clear()
        self.problems.clear()
        return self

    def __exit__(self, *_):
        self.fault = lambda request: None
        self.is_closing = True
        self.ending.set()
        assert until(lambda: self.under_way == 0), "a request to the store does not end"
        for key in self.keys():
            self.client.delete_object(Bucket=BUCKET, Key=key)
        self.client.delete_bucket(Bucket=BUCKET)
        self.server.shutdown()

    def environment(self, **more):
        return {
            "VENCEJO_S3_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            **more,
        }

    def keys(self):
        return [entry["Key"] for entry in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def get(self, key):
        return self.client.get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def age(self, seconds):
        """All that is there becomes so much older."""
        for account in s3_backends.values():
            for backend in account.values():
                if BUCKET in backend.buckets:
                    for key in backend.buckets[BUCKET].keys.values():
                        key.last_modified -= datetime.timedelta(seconds=seconds)

    def answer(self, environ, start):
        path = environ["RAW_URI"] if "RAW_URI" in environ else environ["REQUEST_URI"]
        if "Botocore" in environ.get("HTTP_USER_AGENT", "") or "Boto3" in environ.get("HTTP_USER_AGENT", ""):
            return self.inner(environ, start)
        with self.lock:
            self.under_way += 1
        try:
            return self.answer_server(path, environ, start)
        finally:
            with self.lock:
                self.under_way -= 1

    def answer_server(self, path, environ, start):
        if self.is_closing:
            return refuse(start, "503 Closing", "ServiceUnavailable")
        fault = self.judge(environ["REQUEST_METHOD"], path, environ)
        if problem := signature_problem(environ, path, self.session_token):
            self.problems.append(problem)
            return refuse(start, "403 Forbidden", "SignatureDoesNotMatch")
        if fault == "slow":
            self.ending.wait(0.5)
        elif fault == "hang":
            self.ending.wait(60)
            if self.is_closing:
                return refuse(start, "503 Closing", "ServiceUnavailable")
        elif fault in ("500", "503"):
            return refuse(start, f"{fault} Internal", "InternalError")
        elif fault == "expired":
            return refuse(start, "400 Bad Request", "ExpiredToken")
        elif fault == "denied":
            return refuse(start, "403 Forbidden", "AccessDenied")
        elif fault == "redirect":
            start("302 Found", [("Location", "http://169.254.169.254/latest/meta-data/")])
            return [b""]
        if fault in ("cut", "swap", "lost"):
            return self.damage(fault, environ, start)
        return self.inner(environ, start)

    def damage(self, fault, environ, start):
        told = {}

        def note(status, headers, *_):
            told.update(status=status, headers=headers)

        body = b"".join(self.inner(environ, note))
        if fault == "lost":
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            start("500 Lost", [])
            return [b""]
        if fault == "swap":
            body = body[:-1] + bytes([body[-1] ^ 1])
            start(told["status"], told["headers"])
            return [body]
        # The announced length stays that of the whole: what comes is too short.
        start(told["status"], told["headers"])
        return [body[: max(1, len(body) // 2)]]


def refuse(start, status, code):
    start(status, [("Content-Type", "application/xml")])
    return [f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>http://internal/</Message></Error>".encode()]


def signature_problem(environ, path, token):
    """What is wrong with a request's signature, by botocore's own reckoning; nothing for none."""
    match = re.match(
        r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d+)/([^/]+)/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$",
        environ.get("HTTP_AUTHORIZATION", ""),
    )
    if not match:
        return "no signature"
    access_key, day, region, names, signature = match.groups()
    fields = {}
    for name in names.split(";"):
        key = "CONTENT_TYPE" if name == "content-type" else "HTTP_" + name.upper().replace("-", "_")
        fields[name] = environ.get(key, "")
    if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(fields):
        return f"not signed: {names}"
    if (token or "") != fields.get("x-amz-security-token", ""):
        return "another session token"
    url = f"http://{environ['HTTP_HOST']}{path}"
    request = AWSRequest(environ["REQUEST_METHOD"], url, headers=fields)
    request.context["timestamp"] = environ["HTTP_X_AMZ_DATE"]
    signer = S3SigV4Auth(Credentials(access_key, SECRET_KEY, token), "s3", region)
    lines = [
        environ["REQUEST_METHOD"],
        urllib.parse.urlsplit(url).path,
        signer.canonical_query_string(request),
        *(f"{name}:{' '.join(fields[name].split())}" for name in names.split(";")),
        "",
        names,
        fields["x-amz-content-sha256"],
    ]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    scope = f"{day}/{region}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", environ["HTTP_X_AMZ_DATE"], scope, digest])
    return None if signer.signature(text, request) == signature else f"{request.method} {path}: another signature"


class Fake(Faults):
    """An HTTP server whose answers are the method `respond(handler, body)`."""

    def __enter__(self):
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # A head and a body are two writes: the second would wait for a delayed acknowledgement.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = fake.judge(self.command, self.path, self.headers)
                fake.respond(self, body, fault)

            do_GET = do_PUT = do_POST = do_DELETE = handle_one

            def give(self, status, body=b"", fields=(), announced=None):
                self.send_response(status)
                for name, value in fields:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body) if announced is None else announced))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # Clients that are killed go without a word.
        self.server.handle_error = lambda *_: None
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        self.endpoint = f"http://{self.address}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class CloudStorage(Fake):
    """Google's Cloud Storage by its XML protocol: objects with generations, conditions, lists, bearer tokens."""

    def __init__(self, token=TOKEN):
        super().__init__()
        self.token = token
        self.objects = {}
        self.lock = threading.Lock()

    def respond(self, handler, body, fault):
        if handler.headers.get("Authorization") != f"Bearer {self.token}":
            return handler.give(401, b"<Error><Code>AuthenticationRequired</Code></Error>")
        if fault == "503":
            return handler.give(503)
        url = urllib.parse.urlsplit(handler.path)
        bucket, _, key = url.path.lstrip("/").partition("/")
        if bucket != BUCKET:
            return handler.give(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        with self.lock:
            if not key:
                return handler.give(200, self.listing(dict(urllib.parse.parse_qsl(url.query))))
            if handler.command == "PUT":
                if handler.headers.get("x-goog-if-generation-match") == "0" and key in self.objects:
                    return handler.give(412, b"<Error><Code>PreconditionFailed</Code></Error>")
                if source := handler.headers.get("x-goog-copy-source"):
                    source = source.removeprefix(f"/{BUCKET}/")
                    if source not in self.objects:
                        return handler.give(404, b"<Error><Code>NoSuchKey</Code></Error>")
                    self.objects[key] = self.objects[source]
                    return handler.give(200, b"<CopyObjectResult><ETag>&quot;1&quot;</ETag></CopyObjectResult>")
                self.objects[key] = body
                return handler.give(200)
            if key not in self.objects:
                return handler.give(404, b"<Error><Code>NoSuchKey</Code></Error>")
            if handler.command == "DELETE":
                del self.objects[key]
                return handler.give(204)
            data = self.objects[key]
            if match := re.fullmatch(r"bytes=(\d+)-(\d+)", handler.headers.get("Range") or ""):
                return handler.give(206, data[int(match[1]) : int(match[2]) + 1])
            return handler.give(200, data)

    def listing(self, query):
        """Two entries a page, so that there are always several."""
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")))
        start = int(query.get("continuation-token", "/0")[1:])
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f"<Size>{len(self.objects[key])}</Size></Contents>"
            for key in keys[start : start + 2]
        )
        is_cut = start + 2 < len(keys)
        more = f"<NextContinuationToken>/{start + 2}</NextContinuationToken>" if is_cut else ""
        return (
            "<?xml version='1.0' encoding='UTF-8'?><ListBucketResult xmlns='http://doc.s3.amazonaws.com/2006-03-01'>"
            f"<IsTruncated>{str(is_cut).lower()}</IsTruncated>{more}{entries}</ListBucketResult>"
        ).encode()


class Metadata(Fake):
    """The metadata services of EC2 (version 2), ECS and Google, as far as credentials go."""

    def __init__(self, lifetime=3600, session_token="session/token+=="):
        super().__init__()
        self.lifetime = lifetime
        self.session_token = session_token

    def respond(self, handler, body, fault):
        if fault:
            return handler.give(int(fault))
        if handler.path == "/latest/api/token":
            return handler.give(200 if handler.command == "PUT" else 405, b"imds")
        if handler.path.startswith("/latest/meta-data/"):
            if handler.headers.get("X-aws-ec2-metadata-token") != "imds":
                return handler.give(401)
            role = handler.path.removeprefix("/latest/meta-data/iam/security-credentials/")
            return handler.give(200, self.keys() if role == "reader" else b"reader\n")
        if handler.path == "/task":
            is_allowed = handler.headers.get("Authorization") == "task-token"
            return handler.give(200, self.keys()) if is_allowed else handler.give(403)
        if handler.headers.get("Metadata-Flavor") == "Google":
            token = {"access_token": TOKEN, "expires_in": self.lifetime, "token_type": "Bearer"}
            return handler.give(200, json.dumps(token).encode())
        return handler.give(404)

    def keys(self):
        expiry = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.lifetime))
        return json.dumps(
            {
                "Code": "Success",
                "AccessKeyId": ACCESS_KEY,
                "SecretAccessKey": SECRET_KEY,
                "Token": self.session_token,
                "Expiration": expiry,
            }
        ).encode()


class TokenService(Fake):
    """Where a service account's assertion is exchanged for a token."""

    def __init__(self, check):
        super().__init__()
        self.check = check

    def respond(self, handler, body, fault):
        form = dict(urllib.parse.parse_qsl(body.decode()))
        if problem := self.check(form):
            self.problems.append(problem)
            return handler.give(400, b"{}")
        return handler.give(200, json.dumps({"access_token": TOKEN, "expires_in": 3600}).encode())


class WebStore(Fake):
    """A web server over a store's directory. Faults: "500", "redirect", "cut", "swap", "stale" (an old hint)."""

    def __init__(self, directory):
        super().__init__()
        self.directory = directory

    def respond(self, handler, body, fault):
        if fault == "500":
            return handler.give(500)
        if fault == "redirect":
            return handler.give(302, fields=[("Location", "http://169.254.169.254/")])
        try:
            with open(f"{self.directory}/{handler.path.removeprefix('/store/')}", "rb") as file:
                data = file.read()
        except OSError:
            return handler.give(404)
        if fault == "stale" and handler.path.endswith("latest.json"):
            data = b'{"generation": 1}'
        if fault == "swap":
            data = data[:-1] + bytes([data[-1] ^ 1])
        fields = [("Last-Modified", formatdate(usegmt=True))]
        match = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range") or "")
        status, start = (206, int(match[1])) if match else (200, 0)
        if fault == "cut":
            handler.give(status, data[start : start + max(1, (len(data) - start) // 2)], fields, len(data) - start)
            handler.close_connection = True
            return None
        return handler.give(status, data[start:], fields)
