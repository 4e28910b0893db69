package import Serving

/// Makes a store of its place: the one list of kinds of stores.
package enum StoreOpening {
    /// - Throws: if the place cannot be used at all. A service that does not answer is found out by the first look.
    package static func open(
        _ location: StoreLocation, _ options: StoreOptions = StoreOptions()
    ) throws(StoreError) -> any ModelStore {
        switch location {
        case .directory(let root): return try FileModelStore(root: root, blobBytesMax: options.blobBytesMax)
        case .amazon(let bucket, let prefix):
            let http = try makeHTTP(options)
            let endpoint = options.value(
                options.amazonEndpoint, "VENCEJO_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
            let region = options.value(
                options.amazonRegion, "VENCEJO_S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION")
            let chain = AWSCredentialChain(http)
            let credentials = ExpiringValue<AWSCredentials>(system: options.system) { () throws(StoreError) in
                let found = try chain.fetch()
                return (found, found.expires)
            }
            let client = BucketClient(
                .amazon(region: try checkedRegion(region ?? "us-east-1"), credentials: credentials), bucket: bucket,
                prefix: prefix, endpoint: try checkedEndpoint(endpoint), http: http)
            return try makeStore(client, options)
        case .google(let bucket, let prefix):
            let http = try makeHTTP(options)
            let endpoint = options.value(options.googleEndpoint, "VENCEJO_GCS_ENDPOINT", "STORAGE_EMULATOR_HOST")
            let source = GoogleTokenSource(http)
            let isEmulated =
                endpoint != nil && options.value(nil, "GOOGLE_APPLICATION_CREDENTIALS", "GCE_METADATA_HOST") == nil
            let token = ExpiringValue<String>(system: options.system) { () throws(StoreError) in
                try source.fetch()
            }
            let client = BucketClient(
                .google(isEmulated ? nil : token), bucket: bucket, prefix: prefix,
                endpoint: try checkedEndpoint(endpoint), http: http)
            return try makeStore(client, options)
        case .web(let url):
            let client = WebClient(url, token: try webToken(options), http: try makeHTTP(options))
            return try makeStore(client, options)
        }
    }

    private static func makeHTTP(_ options: StoreOptions) throws(StoreError) -> ObjectHTTP {
        var settings = CurlTransport.Settings()
        settings.certificatesFile = options.value(
            options.certificatesFile, "VENCEJO_STORE_CA_FILE", "AWS_CA_BUNDLE", "SSL_CERT_FILE")
        settings.proxy = options.value(options.proxy, "VENCEJO_STORE_PROXY")
        do throws(HTTPFailure) {
            return ObjectHTTP(try CurlTransport(settings), system: options.system)
        } catch {
            throw StoreError(.io, while: operation, detail: error.text)
        }
    }

    private static func makeStore(
        _ client: any ObjectClient, _ options: StoreOptions
    ) throws(StoreError) -> ObjectModelStore {
        var cache: BlobCache?
        if let directory = options.cacheDirectory {
            cache = try BlobCache(directory, bytesMax: options.cacheBytesMax)
        }
        return ObjectModelStore(
            client, cache: cache, temporaries: options.value(nil, "TMPDIR") ?? "/tmp",
            blobBytesMax: options.blobBytesMax, collectEvery: options.collectEvery, system: options.system)
    }

    // MARK: Checking

    private static let operation = "opening the model store"

    private static func checkedEndpoint(_ text: String?) throws(StoreError) -> String? {
        guard var url = text else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        let rest = url.hasPrefix("https://") ? url.dropFirst(8) : url.hasPrefix("http://") ? url.dropFirst(7) : ""
        guard !rest.isEmpty, rest.utf8.allSatisfy({ StoreLocation.isPlain($0) || "[]:/".utf8.contains($0) }) else {
            throw StoreError(
                .io, while: operation, detail: "the store's endpoint is not http:// or https:// and a host", path: url)
        }
        return url
    }

    private static func checkedRegion(_ region: String) throws(StoreError) -> String {
        guard region.utf8.count <= 64, region.utf8.allSatisfy({ StoreLocation.isPlain($0) }) else {
            throw StoreError(.io, while: operation, detail: "the store's region is no name of a region", path: region)
        }
        return region
    }

    /// The token of a store at https://, from the environment or a file.
    private static func webToken(_ options: StoreOptions) throws(StoreError) -> String? {
        if let token = options.system.environment("VENCEJO_STORE_TOKEN") { return token }
        guard let path = options.system.environment("VENCEJO_STORE_TOKEN_FILE") else { return nil }
        guard let bytes = options.system.readFile(path) else {
            throw StoreError(
                .permission, while: operation, detail: "the file of VENCEJO_STORE_TOKEN_FILE cannot be read",
                path: path)
        }
        return String(decoding: bytes, as: UTF8.self).trimmingSpaces()
    }
}
