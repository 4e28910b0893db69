internal import CNghttp2

/// What all HTTP/2 sessions of a loop share: memory, options, callbacks.
@safe
final class HTTP2Library {
    let pool = HTTP2MemoryPool()
    fileprivate let callbacks: OpaquePointer
    fileprivate let options: OpaquePointer
    /// Where the fields of an answer are listed for the session.
    fileprivate let fields: UnsafeMutablePointer<nghttp2_nv>
    fileprivate static let fieldsMax = 128
    /// The texts of `:status`, `content-length` and `date`: 4, 28 and 32 bytes.
    fileprivate let digits: UnsafeMutablePointer<UInt8>
    fileprivate static let digitsBytes = 64

    /// Resets by the peer at once, and a second; beyond, the session ends with INTERNAL_ERROR. They are counted before
    /// it sees them, with lower bounds (`HTTP2Core.cancellations`) and the right error: this is behind that.
    private static let resetsBurst: UInt64 = 1000
    private static let resetsPerSecond: UInt64 = 100
    /// CONTINUATION frames of one head (CVE-2024-28182); beyond, the session ends.
    private static let continuationsMax = 4
    /// Entries of a SETTINGS frame; beyond: ENHANCE_YOUR_CALM.
    private static let settingsMax = 32
    /// Answers to PING and SETTINGS that wait for the peer to read; beyond, the session ends.
    private static let acknowledgementsMax = 200

    /// `nil` where the system has no memory.
    init?() {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks = unsafe callbacks else {
            return nil
        }
        guard unsafe nghttp2_option_new(&options) == 0, let options = unsafe options else {
            unsafe nghttp2_session_callbacks_del(callbacks)
            return nil
        }
        unsafe self.callbacks = callbacks
        unsafe self.options = options
        unsafe fields = .allocate(capacity: HTTP2Library.fieldsMax)
        unsafe digits = .allocate(capacity: HTTP2Library.digitsBytes)

        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
        unsafe nghttp2_option_set_max_settings(options, HTTP2Library.settingsMax)
        unsafe nghttp2_option_set_max_outbound_ack(options, HTTP2Library.acknowledgementsMax)
        unsafe nghttp2_option_set_max_continuations(options, HTTP2Library.continuationsMax)
        unsafe nghttp2_option_set_stream_reset_rate_limit(
            options, HTTP2Library.resetsBurst, HTTP2Library.resetsPerSecond)
        unsafe HTTP2Callbacks.install(in: callbacks)
    }

    deinit {
        unsafe nghttp2_session_callbacks_del(callbacks)
        unsafe nghttp2_option_del(options)
        unsafe fields.deallocate()
        unsafe digits.deallocate()
    }
}

/// One session of libnghttp2, as a machine without I/O, and the connection's state that its callbacks work on.
///
/// The one place where HTTP/2 calls C. Nothing that C was lent outlives a call, but for the state, which lives as long
/// as the session.
@safe
struct HTTP2Session: ~Copyable {
    private var session: OpaquePointer?
    private var state: UnsafeMutablePointer<HTTP2Core>?
    private var library: HTTP2Library?

    /// A session that has not been opened.
    init() {
        unsafe session = nil
        unsafe state = nil
    }

    deinit {
        // The session's callbacks do not run here: nghttp2 frees what is left.
        if let session = unsafe session { unsafe nghttp2_session_del(session) }
        if let state = unsafe state {
            unsafe state.deinitialize(count: 1)
            unsafe state.deallocate()
        }
    }

    /// Whether ``open(_:limits:now:)`` has been called.
    @inline(__always)
    var isOpen: Bool { unsafe session != nil }

    /// Begins the session and says our settings; false where the system has no memory.
    mutating func open(_ library: HTTP2Library, limits: HTTPLimits, now: Int64) -> Bool {
        let state = UnsafeMutablePointer<HTTP2Core>.allocate(capacity: 1)
        unsafe state.initialize(to: HTTP2Core(limits: limits, now: now))
        var memory = unsafe nghttp2_mem(
            mem_user_data: library.pool.lists,
            malloc: { size, lists in unsafe HTTP2MemoryPool.allocate(HTTP2Callbacks.lists(lists), size) },
            free: { block, lists in unsafe HTTP2MemoryPool.release(HTTP2Callbacks.lists(lists), block) },
            calloc: { count, size, lists in
                unsafe HTTP2MemoryPool.allocateZeros(HTTP2Callbacks.lists(lists), count, size)
            },
            realloc: { block, size, lists in
                unsafe HTTP2MemoryPool.reallocate(HTTP2Callbacks.lists(lists), block, size)
            })
        var session: OpaquePointer?
        guard
            unsafe nghttp2_session_server_new3(&session, library.callbacks, state, library.options, &memory) == 0
        else {
            unsafe state.deinitialize(count: 1)
            unsafe state.deallocate()
            return false
        }
        unsafe self.session = session
        unsafe self.state = state
        self.library = library
        var settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
                value: UInt32(clamping: limits.streamsMax)),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(clamping: HTTP2Session.window(limits.streamWindowBytes))),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(clamping: limits.headBytesMax)),
            // RFC 9218: priorities by weight and dependency are not looked at.
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
        ]
        let isSaid = unsafe nghttp2_submit_settings(session, flagsNone, &settings, settings.count) == 0
        let window = HTTP2Session.window(limits.connectionWindowBytes)
        return unsafe nghttp2_session_set_local_window_size(session, flagsNone, 0, window) == 0 && isSaid
    }

    private static func window(_ bytes: Int) -> Int32 { Int32(clamping: max(1, bytes)) }

    /// The connection's state, in place. No access may last over a call of the session.
    var core: HTTP2Core {
        @inline(__always)
        unsafeAddress {
            guard let state = unsafe state else { preconditionFailure("the session is not open") }
            return unsafe UnsafePointer(state)
        }
        @inline(__always)
        nonmutating unsafeMutableAddress {
            guard let state = unsafe state else { preconditionFailure("the session is not open") }
            return unsafe state
        }
    }

    // MARK: Receiving

    /// Gives it the client's preface, or one frame whole; what that came to is in the core's `event` and `closed`.
    ///
    /// - Returns: 0, or the library's error: the session is then good for nothing but its last frames.
    func receive(_ bytes: Span<UInt8>) -> Int32 {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            core.frameAddress = UInt(bitPattern: buffer.baseAddress)
            let used = unsafe nghttp2_session_mem_recv(session, buffer.baseAddress, buffer.count)
            return used < 0 ? Int32(clamping: used) : 0
        }
    }

    /// The place of the stream; `nil` where it is closed.
    @inline(__always)
    func place(of id: UInt32) -> Int? {
        guard isOpen, let number = Int32(exactly: id), number > 0 else { return nil }
        return unsafe HTTP2Callbacks.place(session, number)
    }

    /// Gives back credit for received bytes to the stream and to the connection.
    func consume(_ id: UInt32, _ bytes: Int) {
        _ = unsafe nghttp2_session_consume(session, Int32(bitPattern: id), bytes)
    }

    /// Gives back credit to the stream alone.
    func consumeStream(_ id: UInt32, _ bytes: Int) {
        _ = unsafe nghttp2_session_consume_stream(session, Int32(bitPattern: id), bytes)
    }

    /// Gives back credit to the connection alone.
    func consumeConnection(_ bytes: Int) {
        _ = unsafe nghttp2_session_consume_connection(session, bytes)
    }

    /// Widens a stream's window by so many bytes more than our SETTINGS say.
    ///
    /// Not to a size: until the peer has acknowledged those, the library counts from 65535.
    func widen(_ id: UInt32, by bytes: Int) {
        _ = unsafe nghttp2_submit_window_update(
            session, flagsNone, Int32(bitPattern: id), HTTP2Session.window(bytes))
    }

    // MARK: Sending

    /// Appends frames to `output` until it holds `bytesMax` or nothing more can be sent now.
    ///
    /// - Returns: false where the session is broken.
    func frame(into output: inout OutputBuffer, upTo bytesMax: Int) -> Bool {
        while output.count < bytesMax {
            answerGoodbye()
            var bytes: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &bytes)
            guard count > 0 else { return count == 0 }
            unsafe output.append(Span(_unsafeElements: UnsafeBufferPointer(start: bytes, count: count)))
            core.noteMade(count)
        }
        return true
    }

    /// Begins an answer: HEADERS, with END_STREAM where there is no body.
    ///
    /// - Parameter date: the text of the time.
    func answer(
        _ place: Int, _ status: HTTPStatus, _ fields: ResponseFields, and more: ResponseFields?, length: Int?,
        date: Span<UInt8>, hasBody: Bool
    ) -> Bool {
        guard let library else { return false }
        let id = Int32(bitPattern: core.streams[place].id)
        var list = HTTP2FieldList(library)
        list.addStatus(status)
        list.addDate(date)
        if let length { list.addLength(length) }
        let extra = more ?? .none
        return unsafe fields.compact.withUnsafeBufferPointer { bytes in
            unsafe list.add(fields, bytes)
            return unsafe extra.compact.withUnsafeBufferPointer { extraBytes in
                unsafe list.add(extra, extraBytes)
                guard hasBody else {
                    return unsafe nghttp2_submit_response(session, id, library.fields, list.count, nil) == 0
                }
                var provider = unsafe nghttp2_data_provider(
                    source: nghttp2_data_source(fd: Int32(truncatingIfNeeded: place)),
                    read_callback: HTTP2Callbacks.readBody)
                return unsafe nghttp2_submit_response(session, id, library.fields, list.count, &provider) == 0
            }
        }
    }

    /// Says `:status 100`.
    func sayContinue(_ id: UInt32) {
        guard let library else { return }
        var list = HTTP2FieldList(library)
        list.addStatus(HTTPStatus(rawValue: 100))
        _ = unsafe nghttp2_submit_headers(
            session, flagsNone, Int32(bitPattern: id), nil, library.fields, list.count, nil)
    }

    /// Goes on with an answer that had nothing to send.
    func resume(_ id: UInt32) {
        _ = unsafe nghttp2_session_resume_data(session, Int32(bitPattern: id))
    }

    /// Ends a stream without, or without the rest of, an answer.
    func reset(_ id: UInt32, _ error: HTTP2Error) {
        _ = unsafe nghttp2_submit_rst_stream(session, flagsNone, Int32(bitPattern: id), error.rawValue)
    }

    /// Whether the peer lets us send nothing more of this stream's answer, as far as the stream's own window goes.
    func isWindowShut(_ id: UInt32) -> Bool {
        unsafe nghttp2_session_get_stream_remote_window_size(session, Int32(bitPattern: id)) <= 0
    }

    /// Ends the session with GOAWAY; nothing more is read.
    func terminate(_ error: HTTP2Error) {
        _ = unsafe nghttp2_session_terminate_session(session, error.rawValue)
    }

    /// Tells the peer that it should open no more streams, while those on their way are still taken; and asks for a
    /// sign that it has heard (RFC 9113 6.8).
    func giveNotice() {
        _ = unsafe nghttp2_submit_shutdown_notice(session)
        _ = unsafe nghttp2_submit_ping(session, flagsNone, nil)
    }

    /// Takes no more streams than have come.
    func closeToNewStreams() {
        core.hasSaidLast = true
        let last = unsafe nghttp2_session_get_last_proc_stream_id(session)
        _ = unsafe nghttp2_submit_goaway(session, flagsNone, last, HTTP2Error.none.rawValue, nil, 0)
    }

    /// Says which streams of a peer that leaves were the last, once all of them have been answered: it should know
    /// before the connection ends (RFC 9113 6.8). What stands in front of that in the library's queue is sent as well;
    /// by itself the library (1.52) leaves out the last frame if it resets a stream that it had refused.
    func answerGoodbye() {
        guard core.isPeerLeaving, !core.hasSaidLast, !wantsRead else { return }
        closeToNewStreams()
    }

    /// Whether the peer has been told which of its streams were the last.
    var hasSaidLast: Bool { isOpen && core.hasSaidLast }

    /// Whether there are frames to send, or would be with more window.
    var wantsWrite: Bool { unsafe nghttp2_session_want_write(session) != 0 }
    /// Whether anything the peer sends is still of interest.
    var wantsRead: Bool { unsafe nghttp2_session_want_read(session) != 0 }
}

private let flagsNone = UInt8(NGHTTP2_FLAG_NONE.rawValue)

/// The list of an answer's fields while it is made. The bytes stay where they are until the session has copied them.
@safe
private struct HTTP2FieldList: ~Copyable {
    private let library: HTTP2Library
    private(set) var count = 0

    // Places in the library's digits.
    private static let statusPlace = 0
    private static let lengthPlace = 4
    private static let datePlace = 32
    private static let dateBytes = 32

    init(_ library: HTTP2Library) { self.library = library }

    mutating func addStatus(_ status: HTTPStatus) {
        let digits = unsafe library.digits + HTTP2FieldList.statusPlace
        unsafe add(":status", digits, HTTP2FieldList.write(Int(status.rawValue), digits))
    }

    mutating func addLength(_ length: Int) {
        let digits = unsafe library.digits + HTTP2FieldList.lengthPlace
        unsafe add("content-length", digits, HTTP2FieldList.write(length, digits))
    }

    mutating func addDate(_ date: Span<UInt8>) {
        let text = unsafe library.digits + HTTP2FieldList.datePlace
        let count = min(date.count, HTTP2FieldList.dateBytes)
        for index in 0..<count { unsafe text[index] = date[index] }
        unsafe add("date", text, count)
    }

    /// `bytes` are those of `fields`. What does not fit the list is left out.
    mutating func add(_ fields: ResponseFields, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = unsafe bytes.baseAddress.map({ unsafe UnsafeMutablePointer(mutating: $0) }) else { return }
        for range in fields.compactRanges {
            unsafe put(
                base + range.nameStart, range.valueStart - range.nameStart, base + range.valueStart,
                range.end - range.valueStart)
        }
    }

    private mutating func add(_ name: StaticString, _ value: UnsafeMutablePointer<UInt8>, _ count: Int) {
        unsafe put(UnsafeMutablePointer(mutating: name.utf8Start), name.utf8CodeUnitCount, value, count)
    }

    private mutating func put(
        _ name: UnsafeMutablePointer<UInt8>, _ nameCount: Int, _ value: UnsafeMutablePointer<UInt8>, _ valueCount: Int
    ) {
        guard count < HTTP2Library.fieldsMax else { return }
        unsafe library.fields[count] = unsafe nghttp2_nv(
            name: name, value: value, namelen: nameCount, valuelen: valueCount,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue))
        count += 1
    }

    /// Writes a number's decimal digits, at most 19, and says how many there are.
    private static func write(_ number: Int, _ digits: UnsafeMutablePointer<UInt8>) -> Int {
        var rest = max(0, number)
        var count = 1
        var bound = 10
        while count < 19, rest >= bound {
            count += 1
            bound = bound &* 10
        }
        for index in stride(from: count - 1, through: 0, by: -1) {
            unsafe digits[index] = UInt8(truncatingIfNeeded: 0x30 + rest % 10)
            rest /= 10
        }
        return count
    }
}

/// What the library calls while it works: each turns pointers into spans and tells the connection's state.
private enum HTTP2Callbacks {
    static let failedForNow = NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue

    static func lists(_ user: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<HTTP2MemoryPool.Lists> {
        guard let user = unsafe user else { preconditionFailure("the library lost its memory") }
        return unsafe user.assumingMemoryBound(to: HTTP2MemoryPool.Lists.self)
    }

    static func core(_ user: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<HTTP2Core> {
        guard let user = unsafe user else { preconditionFailure("the library lost its state") }
        return unsafe user.assumingMemoryBound(to: HTTP2Core.self)
    }

    static func span(_ start: UnsafePointer<UInt8>?, _ count: Int) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: start, count: start == nil ? 0 : count)
    }

    /// A stream's place is kept by the library, plus one.
    static func place(_ session: OpaquePointer?, _ id: Int32) -> Int? {
        let number = unsafe Int(bitPattern: nghttp2_session_get_stream_user_data(session, id))
        return number > 0 ? number - 1 : nil
    }

    static func install(in callbacks: OpaquePointer) {
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { session, frame, user in
            guard let header = unsafe frame?.pointee else { return 0 }
            let id = unsafe header.hd.stream_id
            let core = unsafe HTTP2Callbacks.core(user)
            guard unsafe header.headers.cat == NGHTTP2_HCAT_REQUEST else {
                unsafe core.pointee.beginTrailers()
                return 0
            }
            if unsafe core.pointee.isRefusing {
                _ = unsafe nghttp2_submit_rst_stream(session, flagsNone, id, HTTP2Error.refusedStream.rawValue)
                return HTTP2Callbacks.failedForNow
            }
            let place = unsafe core.pointee.beginHead(UInt32(bitPattern: id))
            return unsafe nghttp2_session_set_stream_user_data(
                session, id, UnsafeMutableRawPointer(bitPattern: place + 1))
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, _, name, nameCount, value, valueCount, _, user in
            let isTaken = unsafe HTTP2Callbacks.core(user).pointee.addField(
                Span(_unsafeElements: HTTP2Callbacks.span(name, nameCount)),
                Span(_unsafeElements: HTTP2Callbacks.span(value, valueCount)))
            return isTaken ? 0 : HTTP2Callbacks.failedForNow
        }
        // By itself the library would leave out a field with a byte that may not be there; RFC 9113 8.2.1 calls the
        // request malformed.
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in
            HTTP2Callbacks.failedForNow
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            session, _, id, bytes, count, user in
            guard let place = unsafe HTTP2Callbacks.place(session, id) else {
                return unsafe nghttp2_session_consume_connection(session, count)
            }
            let core = unsafe HTTP2Callbacks.core(user)
            let start = unsafe Int(bitPattern: UInt(bitPattern: bytes) &- core.pointee.frameAddress)
            unsafe core.pointee.data(place, start..<start + count)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { session, frame, user in
            guard let frame = unsafe frame else { return 0 }
            return unsafe HTTP2Callbacks.received(session, frame, HTTP2Callbacks.core(user))
        }
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { session, frame, user in
            guard let frame = unsafe frame else { return 0 }
            unsafe HTTP2Callbacks.sent(session, frame, HTTP2Callbacks.core(user))
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { session, id, _, user in
            if let place = unsafe HTTP2Callbacks.place(session, id) {
                unsafe HTTP2Callbacks.core(user).pointee.close(place)
            }
            return 0
        }
    }

    private static func received(
        _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>, _ core: UnsafeMutablePointer<HTTP2Core>
    ) -> Int32 {
        let header = unsafe frame.pointee.hd
        let isEnd = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue:
            guard let place = unsafe place(session, header.stream_id) else { return 0 }
            guard unsafe frame.pointee.headers.cat == NGHTTP2_HCAT_REQUEST else {
                if isEnd { unsafe core.pointee.endBody(place) }
                return 0
            }
            if unsafe !core.pointee.endHead(place, isEnd: isEnd) {
                return unsafe nghttp2_submit_rst_stream(
                    session, flagsNone, header.stream_id, HTTP2Error.protocolError.rawValue)
            }
        case NGHTTP2_DATA.rawValue:
            if isEnd, let place = unsafe place(session, header.stream_id) { unsafe core.pointee.endBody(place) }
        case NGHTTP2_RST_STREAM.rawValue:
            if let place = unsafe place(session, header.stream_id) { unsafe core.pointee.cancel(place) }
        case NGHTTP2_GOAWAY.rawValue: unsafe core.pointee.isPeerLeaving = true
        case NGHTTP2_PING.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 { unsafe core.pointee.isPingAnswered = true }
        default: break
        }
        return 0
    }

    private static func sent(
        _ session: OpaquePointer?, _ frame: UnsafePointer<nghttp2_frame>, _ core: UnsafeMutablePointer<HTTP2Core>
    ) {
        let header = unsafe frame.pointee.hd
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue, NGHTTP2_DATA.rawValue:
            let isEnd = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            let isHead = UInt32(header.type) == NGHTTP2_HEADERS.rawValue
            guard isEnd || isHead, let place = unsafe place(session, header.stream_id) else { return }
            if isEnd { return unsafe core.pointee.noteAnswered(place) }
            unsafe core.pointee.headPlace = place
        case NGHTTP2_RST_STREAM.rawValue:
            unsafe core.pointee.noteReset(frame.pointee.rst_stream.error_code)
        case NGHTTP2_GOAWAY.rawValue:
            let error = unsafe frame.pointee.goaway.error_code
            if error != HTTP2Error.none.rawValue { unsafe core.pointee.goneAway = error }
        default: break
        }
    }

    /// Moves bytes of an answer into a DATA frame.
    static let readBody: nghttp2_data_source_read_callback = { session, id, buffer, room, flags, source, user in
        let core = unsafe HTTP2Callbacks.core(user)
        guard let source = unsafe source, let buffer = unsafe buffer, let flags = unsafe flags else {
            return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue)
        }
        let place = unsafe Int(source.pointee.fd)
        guard let part = unsafe core.pointee.frameBody(place, room: room) else {
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        unsafe core.pointee.streams[place].output.withUnsafeBufferPointer { bytes in
            if let base = bytes.baseAddress {
                unsafe buffer.update(from: base + part.range.lowerBound, count: part.range.count)
            }
        }
        unsafe core.pointee.trimOutput(place)
        guard part.isEnd else { return part.range.count }
        unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if let trailers = unsafe core.pointee.streams[place].trailers {
            unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            unsafe submit(trailers, session, id)
        }
        return part.range.count
    }

    private static func submit(_ trailers: ResponseFields, _ session: OpaquePointer?, _ id: Int32) {
        let ranges = trailers.compactRanges
        unsafe trailers.compact.withUnsafeBufferPointer { bytes in
            unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: max(1, ranges.count)) { list in
                var count = 0
                if let base = unsafe bytes.baseAddress.map({ unsafe UnsafeMutablePointer(mutating: $0) }) {
                    for range in ranges {
                        unsafe list.initializeElement(
                            at: count,
                            to: nghttp2_nv(
                                name: base + range.nameStart, value: base + range.valueStart,
                                namelen: range.valueStart - range.nameStart, valuelen: range.end - range.valueStart,
                                flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
                        count += 1
                    }
                }
                _ = unsafe nghttp2_submit_trailer(session, id, list.baseAddress, count)
            }
        }
    }
}
