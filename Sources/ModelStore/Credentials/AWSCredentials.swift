/// What signs requests to S3. It has no description, so that it cannot end up in a log.
package struct AWSCredentials: Sendable {
    package let accessKey: String
    package let secretKey: String
    /// Of credentials that end.
    package let sessionToken: String?
    /// Seconds since 1970; nil for those that do not end.
    package let expires: Int64?

    package init(accessKey: String, secretKey: String, sessionToken: String? = nil, expires: Int64? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expires = expires
    }
}
