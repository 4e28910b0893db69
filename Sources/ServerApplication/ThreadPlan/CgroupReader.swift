/// Finds the CPU quota and the bound of memory of this process's control group, version 1 or 2, looking at each
/// ancestor: the tightest counts.
///
/// | file | content |
/// |---|---|
/// | `/proc/self/cgroup` | `0::/path` (v2), `4:cpu,cpuacct:/path` (v1) |
/// | v2 `cpu.max` | `max 100000` or `250000 100000`: quota and period in microseconds |
/// | v2 `memory.max` | `max` or bytes |
/// | v1 `memory.limit_in_bytes` | bytes; nearly 2^63 is none |
/// | v1 `cpu.cfs_quota_us`, `cpu.cfs_period_us` | one number each; a quota of -1 is none |
package struct CgroupReader {
    private let root: String
    private let readFile: (String) -> String?

    /// - Parameter readFile: a small file's text, or nil; injected so that tests bring their own tree.
    package init(root: String = "/sys/fs/cgroup", readFile: @escaping (String) -> String?) {
        self.root = root
        self.readFile = readFile
    }

    /// The tightest quota, or nil if there is none.
    package func quota() -> CPUQuota? {
        directories(of: "cpu").compactMap { $0.isV2 ? quotaV2($0.path) : quotaV1($0.path) }.min { $0.cores < $1.cores }
    }

    /// The tightest bound of memory in bytes, or nil if there is none.
    package func memoryBytesMax() -> Int? {
        directories(of: "memory").compactMap { directory in
            // Version 1 says "no bound" by the greatest number of whole pages.
            readFile(directory.path + (directory.isV2 ? "/memory.max" : "/memory.limit_in_bytes"))
                .flatMap { Self.number($0) }.flatMap { $0 < 0x1p62 ? Int($0) : nil }
        }.min()
    }

    /// Where the files of a controller may lie.
    private func directories(of controller: String) -> [(path: String, isV2: Bool)] {
        var directories: [(path: String, isV2: Bool)] = []
        let groups = readFile("/proc/self/cgroup") ?? ""
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            if parts[0] == "0", controllers.isEmpty {
                for directory in ancestors(of: String(parts[2])) {
                    directories.append((root + directory, true))
                    directories.append((root + "/unified" + directory, true))
                }
            } else if controllers.contains(where: { $0 == controller }) {
                for directory in ancestors(of: String(parts[2])) {
                    directories.append((root + "/" + controller + directory, false))
                    directories.append((root + "/" + parts[1] + directory, false))
                }
            }
        }
        return directories
    }

    private func quotaV2(_ directory: String) -> CPUQuota? {
        guard let text = readFile(directory + "/cpu.max") else { return nil }
        let fields = text.split { $0 == " " || $0 == "\n" }
        guard fields.count == 2 else { return nil }
        return Self.quota(Double(fields[0]), Double(fields[1]), source: "v2")
    }

    private func quotaV1(_ directory: String) -> CPUQuota? {
        guard let quota = readFile(directory + "/cpu.cfs_quota_us"),
            let period = readFile(directory + "/cpu.cfs_period_us")
        else { return nil }
        return Self.quota(Self.number(quota), Self.number(period), source: "v1")
    }

    private static func quota(_ quota: Double?, _ period: Double?, source: String) -> CPUQuota? {
        guard let quota, let period, quota > 0, period > 0 else { return nil }
        return CPUQuota(cores: quota / period, source: source)
    }

    private static func number(_ text: String) -> Double? {
        text.split { $0 == " " || $0 == "\n" }.first.flatMap { Double($0) }
    }

    /// The directory and all above it; in a container the group's own path is often not mounted, but its root is.
    private func ancestors(of path: String) -> [String] {
        var directories = [""]
        var current = ""
        for part in path.split(separator: "/") where part != ".." {
            current += "/" + part
            directories.append(current)
        }
        return directories
    }
}
