package import Serving

/// Where AWS's credentials come from, the first that is there: the environment, the shared credentials file, the task
/// role of ECS, the instance role of EC2 (IMDSv2 alone: its first version hands credentials to whoever can make this
/// host send a GET).
package struct AWSCredentialChain: Sendable {
    private let http: ObjectHTTP
    private let system: StoreSystem

    static let operation = "asking for the object store's credentials"
    private static let metadataTimeout = Duration.seconds(2)
    private static let taskHost = "http://169.254.170.2"
    private static let instanceHost = "http://169.254.169.254"
    private static let rolePath = "/latest/meta-data/iam/security-credentials/"

    package init(_ http: ObjectHTTP) {
        self.http = http
        system = http.system
    }

    package func fetch() throws(StoreError) -> AWSCredentials {
        if let found = fromEnvironment() { return found }
        if let found = try fromFile() { return found }
        if let found = try fromTaskRole() { return found }
        if let found = try fromInstanceRole() { return found }
        throw StoreError(
            .permission, while: Self.operation,
            detail: "there are none: neither in the environment (AWS_ACCESS_KEY_ID), nor in a credentials file, "
                + "nor from a task role or an instance role")
    }

    private func fromEnvironment() -> AWSCredentials? {
        guard let access = system.environment("AWS_ACCESS_KEY_ID"),
            let secret = system.environment("AWS_SECRET_ACCESS_KEY")
        else { return nil }
        return AWSCredentials(
            accessKey: access, secretKey: secret, sessionToken: system.environment("AWS_SESSION_TOKEN"))
    }

    private func fromFile() throws(StoreError) -> AWSCredentials? {
        let named = system.environment("AWS_SHARED_CREDENTIALS_FILE")
        let path = named ?? system.environment("HOME").map { $0 + "/.aws/credentials" }
        guard let path, let bytes = system.readFile(path) else {
            guard named == nil else { throw Self.unusable("the credentials file cannot be read", path) }
            return nil
        }
        let profile = system.environment("AWS_PROFILE") ?? "default"
        let values = ProfileFile.values(of: profile, in: String(decoding: bytes, as: UTF8.self))
        guard let access = values["aws_access_key_id"], let secret = values["aws_secret_access_key"] else {
            guard system.environment("AWS_PROFILE") == nil else {
                throw Self.unusable("the credentials file has no keys in the profile that AWS_PROFILE names", path)
            }
            return nil
        }
        return AWSCredentials(accessKey: access, secretKey: secret, sessionToken: values["aws_session_token"])
    }

    // MARK: ECS, EKS

    private func fromTaskRole() throws(StoreError) -> AWSCredentials? {
        let url: String
        if let relative = system.environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            guard relative.hasPrefix("/") else {
                throw Self.unusable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash", nil)
            }
            url = Self.taskHost + relative
        } else if let full = system.environment("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            guard Self.mayHaveToken(full) else {
                throw Self.unusable("AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this host", full)
            }
            url = full
        } else {
            return nil
        }
        var request = HTTPRequest(.get, url)
        if let token = try containerToken() { request.fields = [("Authorization", token)] }
        return try Self.credentials(of: ask(request))
    }

    private func containerToken() throws(StoreError) -> String? {
        guard let path = system.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return system.environment("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        }
        guard let bytes = system.readFile(path) else {
            throw Self.unusable("the file of AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read", path)
        }
        return String(decoding: bytes, as: UTF8.self).trimmingSpaces()
    }

    /// As AWS's own clients have it: without TLS only this host, and the agents of ECS and EKS on it.
    private static func mayHaveToken(_ url: String) -> Bool {
        if url.hasPrefix("https://") { return true }
        let hosts = [
            "http://127.0.0.1", "http://localhost", "http://[::1]", taskHost, "http://169.254.170.23",
            "http://[fd00:ec2::23]",
        ]
        return hosts.contains { host in
            StoreLocation.isURL(url, of: host)
        }
    }

    // MARK: EC2

    private func fromInstanceRole() throws(StoreError) -> AWSCredentials? {
        guard system.environment("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else { return nil }
        var host = system.environment("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? Self.instanceHost
        while host.hasSuffix("/") { host.removeLast() }
        var asking = HTTPRequest(.put, host + "/latest/api/token")
        asking.fields = [("X-aws-ec2-metadata-token-ttl-seconds", "21600")]
        // Nobody there, or no such service: this is no such machine.
        guard let token = try? ask(asking) else { return nil }
        guard token.isSuccess else {
            guard !ObjectHTTP.isPassing(token.status) else { throw Self.refusal(token) }
            return nil
        }
        let field = (name: "X-aws-ec2-metadata-token", value: String(decoding: token.body, as: UTF8.self))
        var listing = HTTPRequest(.get, host + Self.rolePath)
        listing.fields = [field]
        let roles = try ask(listing)
        guard !ObjectHTTP.isPassing(roles.status) else { throw Self.refusal(roles) }
        // 404: the machine has no role.
        guard roles.isSuccess,
            let role = String(decoding: roles.body, as: UTF8.self).split(whereSeparator: \.isNewline).first,
            role.utf8.allSatisfy({ StoreLocation.isPlain($0) || "+=,@".utf8.contains($0) })
        else { return nil }
        var request = HTTPRequest(.get, host + Self.rolePath + role)
        request.fields = [field]
        return try Self.credentials(of: ask(request))
    }

    // MARK: Asking

    private func ask(_ request: HTTPRequest) throws(StoreError) -> HTTPResponse {
        var request = request
        request.allowsLinkLocal = true
        request.timeout = Self.metadataTimeout
        request.bytesMax = 64 << 10
        return try http.send(while: Self.operation, place: "credentials") { () throws(StoreError) in request }.response
    }

    /// The document that ECS and EC2 answer with.
    private static func credentials(of response: HTTPResponse) throws(StoreError) -> AWSCredentials {
        guard response.isSuccess else { throw refusal(response) }
        let values = FlatJSON.values(of: response.body)
        guard let access = values["AccessKeyId"], let secret = values["SecretAccessKey"] else {
            throw unusable("the credential service's answer holds no keys", nil)
        }
        return AWSCredentials(
            accessKey: access, secretKey: secret, sessionToken: values["Token"],
            expires: values["Expiration"].flatMap { ISODate.seconds($0) })
    }

    /// What a credential service's answer means that is none: one that may be another in a moment is waited for.
    static func refusal(_ response: HTTPResponse) -> StoreError {
        StoreError(
            ObjectHTTP.isPassing(response.status) ? .unreachable : .permission, while: operation,
            detail: "the credential service answers \(response.status)")
    }

    private static func unusable(_ detail: String, _ place: String?) -> StoreError {
        StoreError(.permission, while: operation, detail: detail, path: place)
    }
}
