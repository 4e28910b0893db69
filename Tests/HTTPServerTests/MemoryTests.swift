import EventLoop
import Glibc
import HTTPCore
import Testing

@testable import HTTPServer

/// What must not grow, each in a process of its own: its memory is nobody else's.
@Suite struct MemoryTests {
    @Test func stopsReadingFromAClientThatDoesNotRead() async {
        await #expect(processExitsWith: .success) {
            let server = try TestServer { $0.limits.outputBytesMax = 256 << 10 }
            let client = try server.connect()
            let request = Array(
                ("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n" + String(repeating: "e", count: 2000))
                    .utf8)
            let total = 20_000
            let all = (0..<total).reduce(into: [UInt8]()) { all, _ in all += request }
            // Push until nothing moves any more in either direction.
            var sent = 0
            var quiet = 0
            while quiet < 200, sent < all.count {
                let count = client.sendWithoutWaiting(all[sent...])
                sent += count
                quiet = count == 0 ? quiet + 1 : 0
                if count == 0 { _ = poll(nil, 0, 1) }
            }
            #expect(sent < all.count, "the kernel's buffers and the bound hold less than 40 MB")
            let residentBefore = residentBytes()
            let reader = try EventLoopThread(name: "rest") { [all, client = UncheckedBox(client), sent] in
                client.value.send(Array(all[sent...]))
            }
            var answers = 0
            while answers < total, let response = try client.readResponse() {
                #expect(response.body.utf8.count == 2000)
                answers += 1
            }
            reader.join()
            #expect(answers == total)
            #expect(residentBytes() - residentBefore < 64 << 20)
        }
    }

    @Test func takesAMillionChunksOfOneByteInFlatMemory() async {
        await #expect(processExitsWith: .success) {
            let server = try TestServer()
            let client = try server.connect()
            let piece = Array(String(repeating: "1\r\nx\r\n", count: 10_000).utf8)
            client.send("POST /sink HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
            client.send(piece)
            #expect(server.probe.wait(server.server) { $0.bodyBytes == 10_000 })
            let before = residentBytes()
            for _ in 1..<100 { client.send(piece) }
            client.send("0\r\n\r\n")
            #expect(try client.readResponse()?.body == "done")
            #expect(server.probe.get { $0.bodyBytes } == 1_000_000)
            #expect(server.probe.get { $0.bodyEvents } < 100_000)
            #expect(residentBytes() - before < 8 << 20)
        }
    }
}

private func residentBytes() -> Int {
    guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
    defer { _ = unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    _ = unsafe fgets(&line, 128, file)
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return (Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4096
}
