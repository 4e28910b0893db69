internal import EventLoop
internal import HTTPCore
internal import HTTPServer
internal import InferenceAPI
internal import Serving
internal import ServingProtocols

/// Files of models on their way to clients.
extension LoopHandling {
    /// The request has come whole: has the file opened and its first piece read.
    mutating func begin(_ download: FileDownload, _ exchange: ExchangeID, _ sink: any ExchangeSink) {
        var download = download
        download.started = context.clock.now().elapsedNanoseconds
        guard downloads.count < FileDownload.downloadsMax, read(download, exchange) else {
            if let grant = download.grant { grants[exchange] = grant }
            return answer(
                .overloaded(retryAfterSeconds: 1), download.route, exchange, nil, nanoseconds: 0, sink)
        }
        downloads[exchange] = download
    }

    /// - Returns: false where those who read have too much to do.
    private func read(_ download: FileDownload, _ exchange: ExchangeID) -> Bool {
        let registry = shared.registry
        return shared.reading.submit { [pieces] in pieces.post(download.read(exchange, registry)) }
    }

    /// Sends what has been read since the last tick. Whoever is gone is passed over.
    mutating func sendPieces(_ sink: any ExchangeSink) {
        for piece in pieces.take() {
            guard var download = downloads.removeValue(forKey: piece.exchange) else { continue }
            let isFirst = download.reader == nil
            switch piece.bytes {
            case .success(let bytes):
                download.reader = piece.reader
                download.isReading = false
                if isFirst {
                    sink.start(
                        piece.exchange, .ok, download.grant?.adding(to: download.fields) ?? download.fields,
                        bodyBytes: download.byteCount)
                }
                let hasRoom = sink.send(piece.exchange, bytes.span)
                download.missing -= bytes.count
                if download.missing <= 0 || bytes.isEmpty {
                    end(download, piece.exchange, .ok, sink)
                } else {
                    downloads[piece.exchange] = download
                    if hasRoom { goOn(piece.exchange, sink) }
                }
            case .failure(let error) where isFirst:
                let (document, fields) = PublishProblem.answer(error)
                let body = document.bytes()
                sink.respond(
                    piece.exchange, document.status, download.grant?.adding(to: fields) ?? fields, body: body.span)
                meter.count(download.route, document.status, nanoseconds: elapsed(download), bytes: body.count)
            case .failure:
                // That bytes are missing breaks the connection, by which the client learns of it.
                end(download, piece.exchange, .serviceUnavailable, sink)
            }
        }
    }

    /// There is room for the next piece.
    /// - Returns: false where the exchange is no download.
    @discardableResult
    mutating func goOn(_ exchange: ExchangeID, _ sink: any ExchangeSink) -> Bool {
        guard var download = downloads[exchange] else { return false }
        guard !download.isReading else { return true }
        guard read(download, exchange) else {
            downloads[exchange] = nil
            end(download, exchange, .serviceUnavailable, sink)
            return true
        }
        download.isReading = true
        downloads[exchange] = download
        return true
    }

    /// - Parameter status: under which it is counted; what the client has seen is 200 in any case.
    private func end(
        _ download: FileDownload, _ exchange: ExchangeID, _ status: HTTPStatus, _ sink: any ExchangeSink
    ) {
        sink.end(exchange, trailers: nil)
        meter.count(
            download.route, status, nanoseconds: elapsed(download), bytes: download.byteCount - download.missing)
    }

    private func elapsed(_ download: FileDownload) -> UInt64 {
        context.clock.now().elapsedNanoseconds &- download.started
    }
}
