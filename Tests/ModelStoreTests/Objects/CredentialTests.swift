import ModelStore
import Serving
import Synchronization
import Testing

struct CredentialTests {
    private func chain(
        _ environment: [String: String], files: [String: String] = [:], _ transport: FakeTransport = nothing
    ) -> AWSCredentialChain {
        AWSCredentialChain(ObjectHTTP(transport, system: .fake(environment: environment, files: files)))
    }

    private static let nothing = FakeTransport { _, _ throws(HTTPFailure) in throw HTTPFailure(.unreachable, "") }

    @Test func theEnvironmentComesFirst() throws {
        let found = try chain(
            [
                "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B", "AWS_SESSION_TOKEN": "C", "HOME": "/h",
            ], files: ["/h/.aws/credentials": "[default]\naws_access_key_id=x\naws_secret_access_key=y"]
        ).fetch()
        #expect([found.accessKey, found.secretKey, found.sessionToken] == ["A", "B", "C"])
    }

    @Test func thenAProfileOfTheCredentialsFile() throws {
        let text = """
            # a comment
            [default]
            aws_access_key_id = D1
            aws_secret_access_key = D2

            [ team ]
            AWS_Access_Key_ID=T1
            aws_secret_access_key = T2=/+
            aws_session_token = T3
            """
        let files = ["/h/.aws/credentials": text, "/k": text]
        #expect(try chain(["HOME": "/h"], files: files).fetch().accessKey == "D1")
        let team = try chain(["AWS_SHARED_CREDENTIALS_FILE": "/k", "AWS_PROFILE": "team"], files: files).fetch()
        #expect([team.accessKey, team.secretKey, team.sessionToken] == ["T1", "T2=/+", "T3"])
        #expect(throws: StoreError.self) { try chain(["HOME": "/h", "AWS_PROFILE": "none"], files: files).fetch() }
        #expect(throws: StoreError.self) { try chain(["AWS_SHARED_CREDENTIALS_FILE": "/none"]).fetch() }
    }

    private static let document =
        #"{"AccessKeyId":"A","SecretAccessKey":"B","Token":"C","Expiration":"2026-01-31T12:00:00Z","RoleArn":"r"}"#

    @Test func thenTheTaskRole() throws {
        let transport = FakeTransport { request, _ in
            request.field("authorization") == "secret" ? .ok(Self.document) : HTTPResponse(status: 401)
        }
        let found = try chain(
            ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/t"],
            files: ["/t": "secret\n"], transport
        ).fetch()
        #expect(found.sessionToken == "C" && found.expires == 1_769_860_800)
        #expect(transport.sent.map(\.url) == ["http://169.254.170.2/v2/x"])
        #expect(!transport.sent.contains { !$0.allowsLinkLocal })
        for address in ["http://example.com/", "http://127.0.0.1.example.com/", "http://10.0.0.1/x", "ftp://x/"] {
            #expect(throws: StoreError.self) {
                try chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI": address], transport).fetch()
            }
        }
    }

    @Test func thenTheInstanceRoleByATokenAlone() throws {
        let transport = FakeTransport { request, _ in
            if request.url.hasSuffix("/latest/api/token") {
                return request.method == .put ? .ok("session") : HTTPResponse(status: 405)
            }
            guard request.field("x-aws-ec2-metadata-token") == "session" else { return HTTPResponse(status: 401) }
            return .ok(request.url.hasSuffix("/role") ? Self.document : "role\n")
        }
        #expect(try chain([:], transport).fetch().accessKey == "A")
        #expect(throws: StoreError.self) { try chain(["AWS_EC2_METADATA_DISABLED": "true"], transport).fetch() }
        #expect { try chain([:]).fetch() } throws: { "\($0)".contains("there are none") }
    }

    /// A metadata service that is overloaded is not one that is missing.
    @Test(arguments: [429, 500, 503], ["/latest/api/token", "/security-credentials/", "/role"])
    func anInstancesServiceThatCannotNowIsWaitedFor(status: Int, ending: String) {
        let transport = FakeTransport { request, _ in
            if request.url.hasSuffix(ending) { return HTTPResponse(status: status) }
            return .ok(request.url.hasSuffix("/api/token") ? "session" : "role\n")
        }
        #expect { try chain([:], transport).fetch() } throws: { ($0 as? StoreError)?.kind == .unreachable }
    }

    @Test(arguments: [(403, StoreError.Kind.permission), (404, .permission), (429, .unreachable), (503, .unreachable)])
    func googlesServiceThatCannotNowIsWaitedFor(status: Int, kind: StoreError.Kind) {
        let transport = FakeTransport { _, _ in HTTPResponse(status: status) }
        #expect { try google([:], "", transport).fetch() } throws: { ($0 as? StoreError)?.kind == kind }
    }

    @Test func areFetchedAgainBeforeTheyEnd() throws {
        let clock = Mutex<Int64>(1000)
        let fetches = Counter()
        let isGone = Mutex(false)
        let value = ExpiringValue<Int>(system: .fake(now: { clock.withLock { $0 } })) { () throws(StoreError) in
            if isGone.withLock({ $0 }) { throw StoreError(.io, while: "t", detail: "gone") }
            fetches.add()
            return (fetches.value, clock.withLock { $0 } + 3600)
        }
        #expect(try value.current() == 1)
        #expect(try value.current() == 1)
        clock.withLock { $0 += 3299 }
        #expect(try value.current() == 1)
        clock.withLock { $0 += 1 }
        #expect(try value.current() == 2)
        // While their source is away, those that have not ended yet serve.
        isGone.withLock { $0 = true }
        clock.withLock { $0 += 3599 }
        #expect(try value.current() == 2)
        clock.withLock { $0 += 1 }
        #expect(throws: StoreError.self) { try value.current() }
    }

    // MARK: Google

    private func google(
        _ environment: [String: String], _ file: String, _ transport: FakeTransport
    ) -> GoogleTokenSource {
        GoogleTokenSource(ObjectHTTP(transport, system: .fake(environment: environment, files: ["/g.json": file])))
    }

    @Test func googlesTokenComesFromTheMetadataServer() throws {
        let transport = FakeTransport { request, _ in
            request.field("metadata-flavor") == "Google"
                ? .ok(#"{"access_token":"t","expires_in":3599,"token_type":"Bearer"}"#) : HTTPResponse(status: 403)
        }
        let token = try google(["GCE_METADATA_HOST": "127.0.0.1:1"], "", transport).fetch()
        #expect(token.value == "t" && token.expires == 1_003_599)
        #expect(
            transport.sent.map(\.url) == [
                "http://127.0.0.1:1/computeMetadata/v1/instance/service-accounts/default/token"
            ])
    }

    @Test func orFromAUsersFile() throws {
        let transport = FakeTransport { _, _ in .ok(#"{"access_token":"t"}"#) }
        let file = #"{"type":"authorized_user","client_id":"i/d","client_secret":"s","refresh_token":"r&t"}"#
        #expect(try google(["GOOGLE_APPLICATION_CREDENTIALS": "/g.json"], file, transport).fetch().value == "t")
        let request = try #require(transport.sent.first)
        #expect(request.url == "https://oauth2.googleapis.com/token" && request.method == .post)
        #expect(
            request.bodyText == "grant_type=refresh_token&client_id=i%2Fd&client_secret=s&refresh_token=r%26t")
        #expect(!request.allowsLinkLocal)
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"type":"external_account"}"#, #"{"type":"authorized_user"}"#,
        #"{"type":"service_account","client_email":"a@b","private_key":"no key"}"#,
        #"{"type":"authorized_user","client_id":"i","client_secret":"s","refresh_token":"r","token_uri":"http://a/"}"#,
    ]) func refusesFilesThatCannotBeUsed(file: String) {
        let transport = FakeTransport { _, _ in .ok(#"{"access_token":"t"}"#) }
        #expect { try google(["GOOGLE_APPLICATION_CREDENTIALS": "/g.json"], file, transport).fetch() } throws: {
            ($0 as? StoreError)?.kind == .permission
        }
        #expect(transport.sent.isEmpty)
    }
}

struct StoreLocationTests {
    @Test func readsPlaces() throws {
        #expect(try StoreLocation("models") == .directory("models"))
        #expect(try StoreLocation("/var/x") == .directory("/var/x"))
        #expect(try StoreLocation("./a:8080") == .directory("./a:8080"))
        #expect(try StoreLocation("a:b") == .directory("a:b"))
        #expect(try StoreLocation("s3://my-bucket") == .amazon(bucket: "my-bucket", prefix: ""))
        #expect(try StoreLocation("s3://my.bucket/a/b//") == .amazon(bucket: "my.bucket", prefix: "a/b/"))
        #expect(try StoreLocation("gs://b_1/x") == .google(bucket: "b_1", prefix: "x/"))
        #expect(try StoreLocation("https://h.example:8443/a") == .web("https://h.example:8443/a/"))
        #expect(try StoreLocation("http://127.0.0.1:1/") == .web("http://127.0.0.1:1/"))
    }

    @Test(arguments: [
        "s3://", "s3://a", "s3://UPPER/x", "s3://bucket/a b", "s3://bucket/../x", "s3://bucket/%2e",
        "s3://key:x@bucket",
        "gs://bucket/\u{e9}", "https://", "https://user:secret@host/", "https://host/?q", "http://host/",
        "http://127.0.0.1.evil/",
        "ftp://host/", "file:///etc",
        // Meant for a server or a bucket; as folders they would be made.
        "", "localhost:8080", "models.internal:80/x", "s3:bucket", "https:host", "http:/host/x",
    ]) func refusesPlaces(text: String) {
        #expect(throws: StoreLocation.Malformed.self) { try StoreLocation(text) }
    }
}
