internal import Crypto
internal import CryptoExtras
package import Serving

/// Where the bearer token for Google's Cloud Storage comes from: the file that `GOOGLE_APPLICATION_CREDENTIALS` names
/// (of a service account, or of `gcloud auth application-default login`), or else the metadata server of the machine.
package struct GoogleTokenSource: Sendable {
    private let http: ObjectHTTP
    private let system: StoreSystem

    private static let operation = AWSCredentialChain.operation
    private static let scope = "https://www.googleapis.com/auth/devstorage.read_write"
    private static let tokenService = "https://oauth2.googleapis.com/token"
    private static let metadataPath = "/computeMetadata/v1/instance/service-accounts/default/token"

    package init(_ http: ObjectHTTP) {
        self.http = http
        system = http.system
    }

    /// - Returns: the token and when it ends, in seconds since 1970.
    package func fetch() throws(StoreError) -> (value: String, expires: Int64?) {
        let request = try self.request()
        let response = try http.send(while: Self.operation, place: "credentials") {
            () throws(StoreError) in request
        }.response
        guard response.isSuccess else { throw AWSCredentialChain.refusal(response) }
        let values = FlatJSON.values(of: response.body)
        guard let token = values["access_token"], !token.isEmpty else {
            throw Self.unusable("the credential service's answer holds no token")
        }
        return (token, values["expires_in"].flatMap { Int64($0) }.map { system.now() + min(max(0, $0), 86_400) })
    }

    private func request() throws(StoreError) -> HTTPRequest {
        guard let path = system.environment("GOOGLE_APPLICATION_CREDENTIALS") else { return metadataRequest() }
        guard let bytes = system.readFile(path) else {
            throw Self.unusable("the file of GOOGLE_APPLICATION_CREDENTIALS cannot be read", path)
        }
        let values = FlatJSON.values(of: bytes)
        switch values["type"] {
        case "authorized_user":
            guard let id = values["client_id"], let secret = values["client_secret"],
                let refresh = values["refresh_token"]
            else { throw Self.unusable("the credentials file of a user lacks client or token", path) }
            return try tokenRequest(
                values,
                [
                    ("grant_type", "refresh_token"), ("client_id", id), ("client_secret", secret),
                    ("refresh_token", refresh),
                ])
        case "service_account":
            return try tokenRequest(
                values,
                [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("assertion", try assertion(values, path)),
                ])
        default:
            throw Self.unusable(
                "the credentials file is neither of a service account nor of an authorized user", path)
        }
    }

    private func metadataRequest() -> HTTPRequest {
        let host = system.environment("GCE_METADATA_HOST") ?? "metadata.google.internal"
        var request = HTTPRequest(.get, "http://" + host + Self.metadataPath)
        request.fields = [("Metadata-Flavor", "Google")]
        request.allowsLinkLocal = true
        request.timeout = .seconds(5)
        return request
    }

    private func tokenRequest(
        _ values: [String: String], _ form: [(name: String, value: String)]
    ) throws(StoreError) -> HTTPRequest {
        let url = values["token_uri"] ?? Self.tokenService
        guard url.hasPrefix("https://") || StoreLocation.isLoopback(url) else {
            throw Self.unusable("the credentials file's token_uri is not https")
        }
        var request = HTTPRequest(.post, url)
        request.fields = [("Content-Type", "application/x-www-form-urlencoded")]
        let body = form.map { "\($0.name)=\(PercentCoding.encode($0.value))" }.joined(separator: "&")
        request.body = .bytes(Array(body.utf8))
        return request
    }

    // MARK: Service accounts

    /// A JSON Web Token (RFC 7519, RFC 7523) that says who we are, signed by RS256 with the account's key.
    private func assertion(_ values: [String: String], _ path: String) throws(StoreError) -> String {
        guard let account = values["client_email"], let pem = values["private_key"] else {
            throw Self.unusable("the credentials file of a service account lacks client_email or private_key", path)
        }
        let now = system.now()
        let audience = values["token_uri"] ?? Self.tokenService
        let head = #"{"alg":"RS256","typ":"JWT"\#(values["private_key_id"].map { #","kid":"\#($0)""# } ?? "")}"#
        let claims =
            #"{"iss":"\#(account)","scope":"\#(Self.scope)","aud":"\#(audience)","iat":\#(now),"exp":\#(now + 3600)}"#
        guard [account, audience, values["private_key_id"] ?? ""].allSatisfy(Self.isPlain) else {
            throw Self.unusable("the credentials file holds characters that a token may not", path)
        }
        let signed = Base64URL.encode(Array(head.utf8)) + "." + Base64URL.encode(Array(claims.utf8))
        do {
            let key = try _RSA.Signing.PrivateKey(pemRepresentation: pem)
            let digest = SHA256.hash(data: Array(signed.utf8))
            let signature = try key.signature(for: digest, padding: .insecurePKCS1v1_5)
            return signed + "." + Base64URL.encode(Array(signature.rawRepresentation))
        } catch {
            // The library's error is not told: it may say something of the key.
            throw Self.unusable("the private key in the credentials file is not one of RSA in PEM", path)
        }
    }

    /// Whether it may stand between quotes as it is.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }

    private static func unusable(_ detail: String, _ place: String? = nil) -> StoreError {
        StoreError(.permission, while: operation, detail: detail, path: place)
    }
}
