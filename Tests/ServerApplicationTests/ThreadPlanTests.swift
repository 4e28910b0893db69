import Testing

@testable import ServerApplication

@Suite struct ThreadPlanTests {
    @Test(
        arguments: [
            (nil, 64, 64, nil, 64), (nil, 64, 4, nil, 4), (nil, 64, 4, 2.5, 2), (nil, 64, 64, 0.25, 1),
            (nil, 1, 1, 8.0, 1),
            (3, 64, 2, 1.0, 3),
        ] as [(Int?, Int, Int, Double?, Int)])
    func runsALoopAGrantedCore(requested: Int?, host: Int, affinity: Int, quota: Double?, loops: Int) {
        let plan = ThreadPlan(
            requested: requested, hostCores: host, affinityCores: affinity,
            quota: quota.map { CPUQuota(cores: $0, source: "v2") })
        #expect(plan.loops == loops)
    }

    @Test func tellsItsReason() {
        let plan = ThreadPlan(
            requested: nil, hostCores: 64, affinityCores: 4, quota: CPUQuota(cores: 2.5, source: "v2"))
        #expect(plan.reason == "host 64 cores, cpuset 4, quota 2.50 (cgroup v2) -> 2 loops")
    }

    @Test(
        arguments: [
            (["/proc/self/cgroup": "0::/\n", "/g/cpu.max": "200000 100000\n"], 2.0),
            (
                ["/proc/self/cgroup": "0::/a/b\n", "/g/a/cpu.max": "50000 100000\n", "/g/a/b/cpu.max": "max 100000\n"],
                0.5
            ),
            (["/proc/self/cgroup": "0::/not/mounted\n", "/g/cpu.max": "150000 100000"], 1.5),
            (
                [
                    "/proc/self/cgroup": "4:cpu,cpuacct:/docker/x\n1:name=systemd:/\n",
                    "/g/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "300000\n",
                    "/g/cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000\n",
                ], 3.0
            ),
            (
                [
                    "/proc/self/cgroup": "4:cpu:/\n", "/g/cpu/cpu.cfs_quota_us": "-1\n",
                    "/g/cpu/cpu.cfs_period_us": "100000",
                ], nil
            ),
            (["/proc/self/cgroup": "0::/\n", "/g/cpu.max": "garbage"], nil),
            ([:], nil),
        ] as [([String: String], Double?)])
    func readsTheTightestQuota(files: [String: String], cores: Double?) {
        #expect(CgroupReader(root: "/g") { files[$0] }.quota()?.cores == cores)
    }

    @Test(
        arguments: [
            (["/proc/self/cgroup": "0::/\n", "/g/memory.max": "1073741824\n"], 1 << 30),
            (["/proc/self/cgroup": "0::/a/b\n", "/g/a/memory.max": "4096\n", "/g/a/b/memory.max": "max\n"], 4096),
            (["/proc/self/cgroup": "0::/a/b\n", "/g/a/memory.max": "8192\n", "/g/a/b/memory.max": "4096"], 4096),
            (
                [
                    "/proc/self/cgroup": "7:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n",
                    "/g/memory/docker/x/memory.limit_in_bytes": "536870912\n",
                    "/g/memory/memory.limit_in_bytes": "9223372036854771712\n",
                ], 512 << 20
            ),
            (["/proc/self/cgroup": "7:memory:/\n", "/g/memory/memory.limit_in_bytes": "9223372036854771712\n"], nil),
            (["/proc/self/cgroup": "0::/\n", "/g/memory.max": "max\n"], nil),
            (["/proc/self/cgroup": "0::/\n", "/g/memory.max": "garbage"], nil),
            ([:], nil),
        ] as [([String: String], Int?)])
    func readsTheTightestBoundOfMemory(files: [String: String], bytes: Int?) {
        #expect(CgroupReader(root: "/g") { files[$0] }.memoryBytesMax() == bytes)
    }
}
