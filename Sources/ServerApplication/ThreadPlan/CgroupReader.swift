/// Finds the CPU quota of this process's control group, version 1 or 2, looking at each ancestor: the tightest counts.
///
/// | file | content |
/// |---|---|
/// | `/proc/self/cgroup` | `0::/path` (v2), `4:cpu,cpuacct:/path` (v1) |
/// | v2 `cpu.max` | `max 100000` or `250000 100000`: quota and period in microseconds |
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
        var tightest: CPUQuota?
        func consider(_ candidate: CPUQuota?) {
            guard let candidate, candidate.cores < tightest?.cores ?? .infinity else { return }
            tightest = candidate
        }
        let groups = readFile("/proc/self/cgroup") ?? ""
        for line in groups.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let controllers = parts[1].split(separator: ",")
            if parts[0] == "0", controllers.isEmpty {
                for directory in ancestors(of: String(parts[2])) {
                    consider(quotaV2(root + directory))
                    consider(quotaV2(root + "/unified" + directory))
                }
            } else if controllers.contains("cpu") {
                for directory in ancestors(of: String(parts[2])) {
                    consider(quotaV1(root + "/cpu" + directory))
                    consider(quotaV1(root + "/" + parts[1] + directory))
                }
            }
        }
        return tightest
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
