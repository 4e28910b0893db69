internal import CHost
internal import Glibc

/// What the machine and the scheduler say of this process.
enum Host {
    static var onlineCores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Cores in the affinity mask, which a cpuset narrows.
    static var affinityCores: Int {
        let count = Int(vencejo_affinity_cores())
        return count > 0 ? count : onlineCores
    }

    /// Who this process runs as, for what it has no permission for.
    static var userText: String { "this process runs as user \(geteuid()) of group \(getegid())" }

    static func threadPlan(requested: Int?) -> ThreadPlan {
        ThreadPlan(
            requested: requested, hostCores: onlineCores, affinityCores: affinityCores, quota: cgroup.quota())
    }

    /// Bytes of memory that this process may have: the machine's, or what its control group leaves of them.
    static func availableMemory() -> Int? {
        let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
        let machine = pages > 0 ? pages * Int(sysconf(Int32(_SC_PAGESIZE))) : nil
        return [machine, cgroup.memoryBytesMax()].compactMap { $0 }.min()
    }

    private static var cgroup: CgroupReader {
        CgroupReader { path in
            (try? SystemFile.read(path, bytesMax: 64 << 10)).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// An environment variable's value.
    static func environment(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }

    /// To be called first of all: see `vencejo_prepare_process`.
    static func prepareProcess() { vencejo_prepare_process() }

    /// So many bytes that have come and gone are worth the time that giving them back takes.
    static let tidyBytesMin = 8 << 20

    /// Gives memory that was freed back to the system, so that a replaced model's is not kept; the end of an arena only
    /// of the calling thread's.
    static func releaseFreeMemory() { vencejo_release_free_memory() }

    /// Bytes of this process in memory, from `/proc/self/statm`, whose second number counts pages.
    static var residentBytes: Int? {
        guard let bytes = try? SystemFile.read("/proc/self/statm", bytesMax: 4096) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    /// Seconds for which its threads have run.
    static var cpuSeconds: Double? { nanoseconds(CLOCK_PROCESS_CPUTIME_ID).map { Double($0) / 1e9 } }

    /// Nanoseconds for which its threads have run.
    static var processNanoseconds: UInt64 { nanoseconds(CLOCK_PROCESS_CPUTIME_ID) ?? 0 }

    /// Nanoseconds for which the calling thread has run.
    static var threadNanoseconds: UInt64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) ?? 0 }

    /// Has the calling thread sleep.
    static func sleep(nanoseconds: UInt64) {
        var time = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        unsafe nanosleep(&time, nil)
    }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64? {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return nil }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Descriptors that are open, counted in `/proc/self/fd`, without the one that it takes to look.
    static var openDescriptors: Int? {
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(directory) }
        var count = 0
        while unsafe readdir(directory) != nil { count += 1 }
        // And without "." and "..".
        return max(0, count - 3)
    }

    /// Descriptors that may be open.
    static var descriptorsMax: Double? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == .max ? .infinity : Double(limit.rlim_cur)
    }

    /// Lets time pass, on a thread that has nothing else to do.
    static func wait(seconds: Int, milliseconds: Int = 0) {
        var left = timespec(tv_sec: seconds, tv_nsec: milliseconds * 1_000_000)
        var rest = timespec()
        while unsafe nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }

    static var unixSeconds: Int { time(nil) }
}
