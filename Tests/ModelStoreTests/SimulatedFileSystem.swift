import ModelStore
import Synchronization

/// A disk in memory that forgets what was not brought to it: bytes that were written and not synchronised, names that
/// were given and whose directory was not synchronised. Any call may fail, and the machine may stop before or after
/// any call.
final class SimulatedFileSystem: FileSystem {
    /// What happens at the call of a given number.
    enum Fault: Sendable, Hashable {
        /// It fails; everything goes on.
        case error(SystemError)
        /// The process ends before the call, and no later call has an effect.
        case stopBefore
        /// The call has its effect, and the process ends.
        case stopAfter
    }

    /// What is left after the process has ended.
    enum Aftermath: Sendable, Hashable {
        /// `kill -9`: the system still has everything that was written.
        case processKilled
        /// Only what was synchronised.
        case powerLost
        /// Of what was not synchronised some has reached the disk, and some has not.
        case powerLostWithSomeWritten(seed: UInt64)
    }

    private struct Inode: Sendable {
        var bytes: [UInt8] = []
        var durableBytes: [UInt8] = []
        var modifiedAt: Int64
    }

    private enum Entry: Sendable, Hashable {
        case directory
        case file(Int)
    }

    private struct State: Sendable {
        var inodes: [Int: Inode] = [:]
        var entries: [String: Entry] = [:]
        var durableEntries: [String: Entry] = [:]
        var open: [Int32: (inode: Int, position: Int)] = [:]
        var locks: [Int: Int32] = [:]
        var nextNumber = 1
        var calls = 0
        var faultAt: Int?
        var fault = Fault.stopBefore
        var isStopped = false
        var clock: Int64 = 1_000_000
        var writeBytesMax = 50
        var interleaved: [Int: @Sendable () -> Void] = [:]
        var isInterleaving = false
    }

    private let state = Mutex(State())

    init() {
        state.withLock { state in
            state.entries["/"] = .directory
            state.durableEntries["/"] = .directory
        }
    }

    // MARK: The test's side

    var callCount: Int { state.withLock { $0.calls } }

    func failCall(_ number: Int?, _ fault: Fault) {
        state.withLock { state in
            state.calls = 0
            state.faultAt = number
            state.fault = fault
        }
    }

    func advanceClock(_ seconds: Int64) { state.withLock { $0.clock += seconds } }

    /// What somebody else does before the calls of these numbers, counted from now on without those of his own.
    func interleave(_ acts: [Int: @Sendable () -> Void]) {
        state.withLock { state in
            state.calls = 0
            state.interleaved = acts
        }
    }

    func allowWrites(ofBytes bytes: Int) { state.withLock { $0.writeBytesMax = bytes } }

    /// The machine comes up again.
    func restart(after aftermath: Aftermath) {
        state.withLock { state in
            state.isStopped = false
            state.faultAt = nil
            state.open = [:]
            state.locks = [:]
            guard aftermath != .processKilled else { return }
            var generator = Generator(state: 0)
            var keepsSome = false
            if case .powerLostWithSomeWritten(let seed) = aftermath {
                generator.state = seed
                keepsSome = true
            }
            for path in Set(state.entries.keys).union(state.durableEntries.keys).sorted()
            where state.entries[path] != state.durableEntries[path] && keepsSome && generator.next() % 2 == 0 {
                state.durableEntries[path] = state.entries[path]
            }
            state.entries = state.durableEntries
            for number in state.inodes.keys.sorted() {
                guard var inode = state.inodes[number], inode.bytes != inode.durableBytes else { continue }
                if keepsSome {
                    // A torn write: some of it, and then zeros or nothing.
                    let kept = Int(generator.next() % UInt64(inode.bytes.count + 1))
                    let zeros = generator.next() % 2 == 0 ? inode.bytes.count - kept : 0
                    inode.durableBytes = Array(inode.bytes[..<kept]) + [UInt8](repeating: 0, count: zeros)
                }
                inode.bytes = inode.durableBytes
                state.inodes[number] = inode
            }
        }
    }

    /// Puts bytes where they do not come from the store.
    func plant(_ bytes: [UInt8], at path: String) {
        state.withLock { state in
            state.nextNumber += 1
            state.inodes[state.nextNumber] = Inode(bytes: bytes, durableBytes: bytes, modifiedAt: state.clock)
            state.entries[path] = .file(state.nextNumber)
            state.durableEntries[path] = .file(state.nextNumber)
        }
    }

    func bytes(at path: String) -> [UInt8]? {
        state.withLock { state in
            guard case .file(let number)? = state.entries[path] else { return nil }
            return state.inodes[number]?.bytes
        }
    }

    func names(under path: String) -> [String] {
        state.withLock { state in state.entries.keys.filter { $0.hasPrefix(path + "/") }.sorted() }
    }

    var openFileCount: Int { state.withLock { $0.open.count } }

    // MARK: The store's side

    private func call<Result>(
        _ body: (inout State) throws(SystemError) -> Result
    ) throws(SystemError) -> Result where Result: Sendable {
        let act = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.interleaved.isEmpty, !state.isInterleaving else { return nil }
            let act = state.interleaved.removeValue(forKey: state.calls + 1)
            state.isInterleaving = act != nil
            return act
        }
        if let act {
            act()
            state.withLock { $0.isInterleaving = false }
        }
        return try state.withLock { (state: inout State) throws(SystemError) -> Result in
            guard !state.isStopped else { throw .inputOutput }
            guard !state.isInterleaving else { return try body(&state) }
            state.calls += 1
            guard state.calls == state.faultAt else { return try body(&state) }
            switch state.fault {
            case .error(let error): throw error
            case .stopBefore:
                state.isStopped = true
                throw .inputOutput
            case .stopAfter:
                state.isStopped = true
                return try body(&state)
            }
        }
    }

    private static func parent(of path: String) -> String {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return "/" + parent
    }

    func makeDirectory(_ path: String) throws(SystemError) {
        try call { state throws(SystemError) in
            guard state.entries[Self.parent(of: path)] == .directory else { throw .notFound }
            guard state.entries[path] == nil else { throw .exists }
            state.entries[path] = .directory
        }
    }

    func list(_ path: String) throws(SystemError) -> [String] {
        try call { state throws(SystemError) in
            guard state.entries[path] == .directory else { throw .notFound }
            return state.entries.keys.filter { $0 != "/" && Self.parent(of: $0) == path }.map {
                String($0.split(separator: "/").last ?? "")
            }
        }
    }

    func status(_ path: String) throws(SystemError) -> FileStatus {
        try call { state throws(SystemError) in
            guard case .file(let number)? = state.entries[path], let inode = state.inodes[number] else {
                throw .notFound
            }
            return FileStatus(byteCount: inode.bytes.count, modifiedAt: inode.modifiedAt)
        }
    }

    func create(_ path: String) throws(SystemError) -> FileID {
        try call { state throws(SystemError) in
            guard state.entries[Self.parent(of: path)] == .directory else { throw .notFound }
            guard state.entries[path] == nil else { throw .exists }
            state.nextNumber += 1
            state.inodes[state.nextNumber] = Inode(modifiedAt: state.clock)
            state.entries[path] = .file(state.nextNumber)
            return Self.open(state.nextNumber, &state)
        }
    }

    func openToRead(_ path: String) throws(SystemError) -> FileID {
        try call { state throws(SystemError) in
            guard case .file(let number)? = state.entries[path] else { throw .notFound }
            return Self.open(number, &state)
        }
    }

    private static func open(_ inode: Int, _ state: inout State) -> FileID {
        state.nextNumber += 1
        let file = FileID(number: Int32(state.nextNumber))
        state.open[file.number] = (inode, 0)
        return file
    }

    func lock(_ file: FileID) throws(SystemError) -> Bool {
        try call { state throws(SystemError) in
            guard let (inode, _) = state.open[file.number] else { throw .inputOutput }
            if let holder = state.locks[inode], holder != file.number { return false }
            state.locks[inode] = file.number
            return true
        }
    }

    func write(_ file: FileID, _ bytes: ArraySlice<UInt8>) throws(SystemError) -> Int {
        try call { state throws(SystemError) in
            guard let (inode, _) = state.open[file.number] else { throw .inputOutput }
            let taken = bytes.prefix(state.writeBytesMax)
            state.inodes[inode]?.bytes += taken
            state.inodes[inode]?.modifiedAt = state.clock
            return taken.count
        }
    }

    func read(_ file: FileID, byteCount: Int) throws(SystemError) -> [UInt8] {
        try call { state throws(SystemError) in
            guard let (inode, position) = state.open[file.number], let bytes = state.inodes[inode]?.bytes else {
                throw .inputOutput
            }
            let piece = Array(bytes.dropFirst(position).prefix(min(byteCount, 70)))
            state.open[file.number] = (inode, position + piece.count)
            return piece
        }
    }

    func read(_ file: FileID, byteCount: Int, at offset: Int) throws(SystemError) -> [UInt8] {
        try call { state throws(SystemError) in
            guard let (inode, _) = state.open[file.number], let bytes = state.inodes[inode]?.bytes else {
                throw .inputOutput
            }
            return Array(bytes.dropFirst(offset).prefix(min(byteCount, 70)))
        }
    }

    func synchronize(_ file: FileID) throws(SystemError) {
        try call { state throws(SystemError) in
            guard let (inode, _) = state.open[file.number] else { throw .inputOutput }
            let bytes = state.inodes[inode]?.bytes ?? []
            state.inodes[inode]?.durableBytes = bytes
        }
    }

    func close(_ file: FileID) {
        state.withLock { state in
            guard let (inode, _) = state.open.removeValue(forKey: file.number) else { return }
            if state.locks[inode] == file.number { state.locks[inode] = nil }
        }
    }

    func link(_ path: String, as newPath: String) throws(SystemError) {
        try call { state throws(SystemError) in
            guard let entry = state.entries[path] else { throw .notFound }
            guard state.entries[newPath] == nil else { throw .exists }
            state.entries[newPath] = entry
        }
    }

    func rename(_ path: String, to newPath: String) throws(SystemError) {
        try call { state throws(SystemError) in
            guard let entry = state.entries.removeValue(forKey: path) else { throw .notFound }
            state.entries[newPath] = entry
        }
    }

    func remove(_ path: String) throws(SystemError) {
        try call { state throws(SystemError) in
            guard state.entries.removeValue(forKey: path) != nil else { throw .notFound }
        }
    }

    func synchronizeDirectory(_ path: String) throws(SystemError) {
        try call { state throws(SystemError) in
            guard state.entries[path] == .directory else { throw .notFound }
            for child in Set(state.entries.keys).union(state.durableEntries.keys)
            where child != "/" && Self.parent(of: child) == path {
                state.durableEntries[child] = state.entries[child]
            }
        }
    }

    func now() -> Int64 { state.withLock { $0.clock } }

    func uniqueName() -> String {
        state.withLock { state in
            state.nextNumber += 1
            return "t\(state.nextNumber)"
        }
    }

    /// SplitMix64.
    private struct Generator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }
}
