import ModelStore
import Serving
import Synchronization
import Testing

struct BucketClientTests {
    private static let keys = AWSCredentials(accessKey: "AK", secretKey: "SK", sessionToken: "ST")

    private func amazon(
        _ transport: FakeTransport, bucket: String = "models", endpoint: String? = nil, region: String = "eu-central-1",
        system: StoreSystem = .fake(), fetches: Counter = Counter()
    ) -> BucketClient {
        let credentials = ExpiringValue<AWSCredentials>(system: system) { () throws(StoreError) in
            fetches.add()
            return (Self.keys, nil)
        }
        return BucketClient(
            .amazon(region: region, credentials: credentials), bucket: bucket, prefix: "team/", endpoint: endpoint,
            http: ObjectHTTP(transport, system: system))
    }

    private func google(_ transport: FakeTransport) -> BucketClient {
        let token = ExpiringValue<String>(system: .fake()) { () throws(StoreError) in ("TOKEN", nil) }
        return BucketClient(
            .google(token), bucket: "models", prefix: "", endpoint: nil, http: ObjectHTTP(transport, system: .fake()))
    }

    @Test func namesTheBucketByItsHostOrByItsPath() throws {
        let transport = FakeTransport { _, _ in .ok("x") }
        _ = try amazon(transport).read("k", bytesMax: 10, while: "t")
        _ = try amazon(transport, bucket: "a.b").read("k", bytesMax: 10, while: "t")
        _ = try amazon(transport, endpoint: "http://minio:9000").read("k", bytesMax: 10, while: "t")
        _ = try amazon(transport, region: "cn-north-1").read("k", bytesMax: 10, while: "t")
        _ = try google(transport).read("k", bytesMax: 10, while: "t")
        #expect(
            transport.sent.map(\.url) == [
                "https://models.s3.eu-central-1.amazonaws.com/team/k",
                "https://s3.eu-central-1.amazonaws.com/a.b/team/k", "http://minio:9000/models/team/k",
                "https://models.s3.cn-north-1.amazonaws.com.cn/team/k", "https://storage.googleapis.com/models/k",
            ])
        let first = try #require(transport.sent.first)
        #expect(first.field("x-amz-security-token") == "ST" && first.signing?.region == "eu-central-1")
        #expect(first.field("x-amz-content-sha256") == ContentDigest(of: []).hex)
        #expect(transport.sent.last?.field("authorization") == "Bearer TOKEN")
        #expect(transport.sent.last?.signing == nil)
    }

    @Test(arguments: [(200, ObjectCreation.created), (412, .exists(isCertain: true)), (409, .exists(isCertain: false))])
    func createsOnlyWhatIsNotThere(status: Int, outcome: ObjectCreation) throws {
        let transport = FakeTransport { _, _ in HTTPResponse(status: status) }
        #expect(try amazon(transport).create("k", [1], while: "t") == outcome)
        #expect(try google(transport).create("k", [1], while: "t") == outcome)
        #expect(transport.sent.first?.field("if-none-match") == "*")
        #expect(transport.sent.last?.field("x-goog-if-generation-match") == "0")
        #expect(transport.sent.first?.field("x-amz-content-sha256") == ContentDigest(of: [1]).hex)
    }

    @Test func aConflictAfterALostAnswerIsNotCertain() throws {
        let transport = FakeTransport { _, number throws(HTTPFailure) in
            if number == 0 { throw HTTPFailure(.timeout, "lost") }
            return HTTPResponse(status: 412)
        }
        #expect(try amazon(transport).create("k", [1], while: "t") == .exists(isCertain: false))
    }

    @Test func triesAgainWhatFailsInPassingAndGivesUp() throws {
        let waits = Counter()
        let system = StoreSystem.fake(sleep: { _ in waits.add() })
        let passing = FakeTransport { _, number throws(HTTPFailure) in
            switch number {
            case 0: HTTPResponse(status: 503)
            case 1: throw HTTPFailure(.unreachable, "cut")
            case 2: HTTPResponse(status: 429, fields: [("retry-after", "3")])
            default: .ok("x")
            }
        }
        #expect(try amazon(passing, system: system).read("k", bytesMax: 10, while: "t") == [UInt8(ascii: "x")])
        #expect(waits.value == 3)
        let failing = FakeTransport { _, _ in HTTPResponse(status: 500) }
        #expect { try amazon(failing).read("k", bytesMax: 10, while: "t") } throws: {
            ($0 as? StoreError)?.kind == .unreachable
        }
        #expect(failing.sent.count == ObjectHTTP.Policy().attemptsMax)
        let refused = FakeTransport { _, _ throws(HTTPFailure) in throw HTTPFailure(.notTrusted, "certificate") }
        #expect(throws: StoreError.self) { try amazon(refused).read("k", bytesMax: 10, while: "t") }
        #expect(refused.sent.count == 1)
    }

    @Test func goesOnWhereADownloadWasCut() throws {
        let transport = FakeTransport { request, number in
            switch number {
            case 0: HTTPResponse(status: 200, fields: [("x-cut", "")], body: [1, 2])
            case 1: HTTPResponse(status: 206, fields: [("x-cut", "")], body: [3])
            default: HTTPResponse(status: 206, body: [4, 5])
            }
        }
        #expect(try amazon(transport).download("k", bytesMax: 10, while: "t") == [1, 2, 3, 4, 5])
        #expect(transport.sent.map { $0.field("range") } == [nil, "bytes=2-", "bytes=3-"])
        // A service that does not know ranges begins again.
        let plain = FakeTransport { _, number in
            HTTPResponse(status: 200, fields: number == 0 ? [("x-cut", "")] : [], body: number == 0 ? [1] : [1, 2])
        }
        #expect(try amazon(plain).download("k", bytesMax: 10, while: "t") == [1, 2])
        #expect {
            try amazon(FakeTransport { _, _ in HTTPResponse(status: 200, body: [1, 2, 3]) })
                .download("k", bytesMax: 2, while: "t")
        } throws: { $0 is StoreError }
    }

    @Test func credentialsThatHaveEndedAreFetchedAgainOnce() throws {
        let fetches = Counter()
        let transport = FakeTransport { _, number in
            number == 0
                ? HTTPResponse(status: 400, body: Array("<Error><Code>ExpiredToken</Code></Error>".utf8)) : .ok("x")
        }
        #expect(try amazon(transport, fetches: fetches).read("k", bytesMax: 10, while: "t") != nil)
        #expect(fetches.value == 2)
        let refusing = FakeTransport { _, _ in
            HTTPResponse(status: 403, body: Array("<Error><Code>InvalidAccessKeyId</Code></Error>".utf8))
        }
        #expect { try amazon(refusing).read("k", bytesMax: 10, while: "t") } throws: {
            ($0 as? StoreError)?.kind == .permission
        }
        #expect(refusing.sent.count == 2)
    }

    @Test func aBucketElsewhereIsNamedAndNotFollowed() throws {
        let transport = FakeTransport { _, _ in
            HTTPResponse(
                status: 301, fields: [("location", "http://169.254.169.254/"), ("x-amz-bucket-region", "us-west-2")])
        }
        #expect { try amazon(transport).read("k", bytesMax: 10, while: "t") } throws: { error in
            "\(error)".contains("us-west-2") && !"\(error)".contains("169.254")
        }
        #expect(transport.sent.count == 1)
    }

    @Test func errorsForClientsNameNoHost() {
        for status in [301, 400, 401, 403, 404, 500, 507] {
            let transport = FakeTransport { _, _ in HTTPResponse(status: status, body: Array("<a>host</a>".utf8)) }
            do {
                try amazon(transport).remove("k", while: "t")
            } catch {
                #expect(!"\(error)".contains("host") && !"\(error)".contains("models"), "\(error)")
            }
        }
    }

    @Test func listsAllPages() throws {
        @Sendable func page(_ keys: [String], _ next: String?) -> HTTPResponse {
            let contents = keys.map {
                "<Contents><Key>team/\($0)</Key><LastModified>2026-01-31T12:00:00.000Z</LastModified>"
                    + "<Size>7</Size></Contents>"
            }.joined()
            let more = next.map {
                "<IsTruncated>true</IsTruncated><NextContinuationToken>\($0)</NextContinuationToken>"
            }
            return .ok(
                "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"http://s3\">\(more ?? "")\(contents)"
                    + "</ListBucketResult>\n")
        }
        let transport = FakeTransport { _, number in
            number == 0 ? page(["a", "b&amp;&#99;"], "x/+&amp;=") : page(["d"], nil)
        }
        let entries = try amazon(transport).list("", while: "t").entries
        #expect(entries.map(\.key) == ["a", "b&c", "d"])
        #expect(entries.first?.modifiedAt == 1_769_860_800 && entries.first?.byteCount == 7)
        #expect(
            transport.sent.map(\.url) == [
                "https://models.s3.eu-central-1.amazonaws.com/?list-type=2&prefix=team%2F",
                "https://models.s3.eu-central-1.amazonaws.com/?continuation-token=x%2F%2B%26%3D&list-type=2"
                    + "&prefix=team%2F",
            ])
        let endless = FakeTransport { _, _ in page(["a"], "t") }
        #expect { try amazon(endless).list("", while: "t") } throws: { ($0 as? StoreError)?.kind == .limit }
    }

    @Test func aListTellsTheServicesTime() throws {
        let list = "<ListBucketResult></ListBucketResult>"
        func time(_ date: String?) throws -> Int64? {
            let transport = FakeTransport { _, _ in
                HTTPResponse(status: 200, fields: date.map { [("date", $0)] } ?? [], body: Array(list.utf8))
            }
            return try amazon(transport).list("", while: "t").time
        }
        #expect(try time("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        #expect(try time("Sat, 31 Jan 2026 12:00:00 GMT") == 1_769_860_800)
        for wrong in [nil, "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Non 1994"] {
            #expect(try time(wrong) == nil, "\(wrong ?? "none")")
        }
    }

    @Test func copiesInsideTheService() throws {
        let done = "<CopyObjectResult><ETag>&quot;1&quot;</ETag></CopyObjectResult>"
        let transport = FakeTransport { _, number in
            switch number {
            case 0, 1: .ok(done)
            case 2: HTTPResponse(status: 404)
            default: .ok("<Error><Code>InternalError</Code></Error>")
            }
        }
        #expect(try amazon(transport).copy("a", to: "b", while: "t"))
        #expect(try google(transport).copy("a", to: "b", while: "t"))
        #expect(try !amazon(transport).copy("a", to: "b", while: "t"))
        #expect { try amazon(transport).copy("a", to: "b", while: "t") } throws: {
            ($0 as? StoreError)?.errorName == "InternalError"
        }
        #expect(transport.sent[0].url.hasSuffix("/team/b"))
        #expect(transport.sent[0].field("x-amz-copy-source") == "/models/team/a")
        #expect(transport.sent[1].field("x-goog-copy-source") == "/models/a")
    }

    @Test func readsAPartAndRefusesTheWholeInItsPlace() throws {
        let transport = FakeTransport { request, _ in
            HTTPResponse(status: request.url.hasSuffix("whole") ? 200 : 206, body: [1, 2])
        }
        #expect(try amazon(transport).part("k", from: 5, byteCount: 2, while: "t") == [1, 2])
        #expect(transport.sent[0].field("range") == "bytes=5-6" && transport.sent[0].bytesMax == 2)
        #expect(try amazon(transport).part("whole", from: 0, byteCount: 2, while: "t") == [1, 2])
        #expect(throws: StoreError.self) { try amazon(transport).part("whole", from: 5, byteCount: 2, while: "t") }
        let missing = FakeTransport { _, _ in HTTPResponse(status: 404) }
        #expect(try amazon(missing).part("k", from: 0, byteCount: 2, while: "t") == nil)
    }

    @Test(arguments: [
        "", "<html></html>", "<ListBucketResult>", "<ListBucketResult><Contents></ListBucketResult>",
        "<ListBucketResult><Contents></Contents></ListBucketResult>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><ListBucketResult></ListBucketResult>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    ]) func refusesWhatIsNoList(text: String) {
        #expect(throws: StoreError.self) {
            try amazon(FakeTransport { _, _ in .ok(text) }).list("", while: "t")
        }
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)
    func add() { count.withLock { $0 += 1 } }
    var value: Int { count.withLock { $0 } }
}
