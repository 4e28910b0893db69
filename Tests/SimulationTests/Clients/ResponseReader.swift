/// Takes a stream of HTTP/1.1 responses apart, strictly: anything odd is an error of the server.
struct ResponseReader {
    struct Response {
        let status: Int
        let fields: [(name: String, value: String)]
        var body: [UInt8] = []

        func values(_ name: String) -> [String] {
            fields.filter { $0.name.lowercased() == name }.map(\.value)
        }

        var closes: Bool { values("connection").contains("close") }
    }

    private enum Phase {
        case head
        case body(left: Int)
        case chunkSize, chunkEnd, trailers
        case chunk(left: Int)
    }

    private var bytes: [UInt8] = []
    private var phase = Phase.head
    private var response: Response?
    private(set) var error: String?

    /// Whether a response has begun and not ended.
    var isInResponse: Bool {
        if case .head = phase { return !bytes.isEmpty }
        return true
    }

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// The next whole response. `isHead` tells whether it answers a HEAD request.
    mutating func next(isHead: Bool) -> Response? {
        while error == nil {
            switch phase {
            case .head:
                guard let end = endOfHead() else { return nil }
                let lines = String(decoding: bytes[..<end], as: UTF8.self).components("\r\n")
                bytes.removeFirst(end + 4)
                guard begin(lines, isHead: isHead) else { return nil }
                if case .head = phase { return take() }
            case .body(let left):
                guard bytes.count >= left else { return nil }
                response?.body = Array(bytes[..<left])
                bytes.removeFirst(left)
                return take()
            case .chunkSize:
                guard let line = takeLine() else { return nil }
                guard let size = Int(line, radix: 16) else { return refuse("a chunk's size is \(line)") }
                phase = size == 0 ? .trailers : .chunk(left: size)
            case .chunk(let left):
                guard bytes.count >= left else { return nil }
                response?.body += bytes[..<left]
                bytes.removeFirst(left)
                phase = .chunkEnd
            case .chunkEnd:
                guard let line = takeLine() else { return nil }
                guard line.isEmpty else { return refuse("bytes behind a chunk") }
                phase = .chunkSize
            case .trailers:
                guard let line = takeLine() else { return nil }
                if line.isEmpty { return take() }
            }
        }
        return nil
    }

    private mutating func refuse(_ text: String) -> Response? {
        error = text
        return nil
    }

    private mutating func take() -> Response? {
        phase = .head
        defer { response = nil }
        return response
    }

    private mutating func begin(_ lines: [String], isHead: Bool) -> Bool {
        let parts = lines[0].split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "HTTP/1.1", parts[1].count == 3, let status = Int(parts[1]) else {
            error = "a status line \"\(lines[0])\""
            return false
        }
        var fields: [(name: String, value: String)] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex, !line.contains("\n") else {
                error = "a field line \"\(line)\""
                return false
            }
            fields.append((String(line[..<colon]), String(line[line.index(colon, offsetBy: 2)...])))
        }
        let made = Response(status: status, fields: fields)
        response = made
        if status >= 200, made.values("date").count != 1 { error = "not one Date" }
        let lengths = made.values("content-length")
        let isChunked = !made.values("transfer-encoding").isEmpty
        if lengths.count + (isChunked ? 1 : 0) > 1 { error = "more than one length" }
        if status < 200 || status == 204 || isHead {
            phase = .head
        } else if isChunked {
            phase = .chunkSize
        } else if let length = lengths.first.flatMap({ Int($0) }) {
            phase = .body(left: length)
        } else {
            error = "an answer \(status) without a length"
        }
        return error == nil
    }

    private func endOfHead() -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 0...bytes.count - 4
        where bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13 && bytes[index + 3] == 10 {
            return index
        }
        return nil
    }

    private mutating func takeLine() -> String? {
        guard let end = bytes.firstIndex(of: 10) else { return nil }
        guard end > 0, bytes[end - 1] == 13 else {
            error = "a line without a carriage return"
            return nil
        }
        let line = String(decoding: bytes[..<(end - 1)], as: UTF8.self)
        bytes.removeFirst(end + 1)
        return line
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        var found: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            found.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return found + [String(rest)]
    }
}
