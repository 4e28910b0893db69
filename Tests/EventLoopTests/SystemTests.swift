import Glibc
import Synchronization
import Testing

@testable import EventLoop

@Suite struct SystemTests {
    @Test(arguments: ["127.0.0.1", "0.0.0.0", "localhost", "::1", "[::1]", "::"])
    func listensOnAddressesOfBothFamilies(_ host: String) throws {
        let socket = try ListeningSocket(host: host, port: 0)
        #expect(socket.port > 0)
        #expect(socket.accept() == .wouldBlock)
    }

    @Test(arguments: ["example.invalid", "1.2.3", "", "::zz", "256.0.0.1"])
    func refusesWhatIsNoAddress(_ host: String) {
        #expect(throws: SystemError.self) { try ListeningSocket(host: host, port: 0) }
    }

    @Test(arguments: [-1, 65536]) func refusesPortsThatCannotBe(_ port: Int) {
        #expect(throws: SystemError(call: "bind", subject: "127.0.0.1:\(port)", code: EINVAL)) {
            try ListeningSocket(host: "127.0.0.1", port: port)
        }
    }

    @Test func saysWhichAddressIsTaken() throws {
        let first = try ListeningSocket(host: "127.0.0.1", port: 0)
        let error = #expect(throws: SystemError.self) {
            try ListeningSocket(host: "127.0.0.1", port: first.port)
        }
        #expect(error?.code == EADDRINUSE && error?.subject == "127.0.0.1:\(first.port)")
    }

    @Test func threadsRunUnderTheirNameAndCanBeJoined() throws {
        let name = Mutex("")
        let thread = try EventLoopThread(name: "a-rather-long-thread-name") {
            guard let file = unsafe fopen("/proc/thread-self/comm", "r") else { return }
            defer { _ = unsafe fclose(file) }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = unsafe fread(&bytes, 1, 32, file)
            let text = String(decoding: bytes[..<max(0, count - 1)], as: UTF8.self)
            name.withLock { $0 = text }
        }
        thread.join()
        thread.join()
        #expect(name.withLock { $0 } == "a-rather-long-t")
    }

    @Test func tellsForHowLongAThreadHasRun() throws {
        let span: UInt64 = 5_000_000
        let isDone = Monitor(false)
        let isRead = Monitor(false)
        let thread = try EventLoopThread(name: "runs") {
            var time = timespec()
            repeat {
                unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            } while time.tv_sec == 0
                && time.tv_nsec < span
            isDone.withLock { $0 = true }
            _ = isRead.wait(for: .seconds(60)) { $0 ? true : nil }
        }
        _ = isDone.wait(for: .seconds(60)) { $0 ? true : nil }
        #expect(thread.runNanoseconds >= span && thread.runNanoseconds < 60_000_000_000)
        isRead.withLock { $0 = true }
        thread.join()
    }

    @Test func mailboxKeepsOrderRingsOnceAndCloses() throws {
        let mailbox = try Mailbox<Int>()
        let poller = try Poller()
        #expect(poller.add(source: mailbox.wakeUp.descriptor, token: 42))
        #expect(poller.wait(milliseconds: 0) == 0)
        for number in 0..<3 { #expect(mailbox.post(number)) }
        mailbox.wake()
        #expect(poller.wait(milliseconds: 60_000) == 1)
        #expect(poller.event(0).token == 42 && poller.event(0).isReadable && !poller.event(0).isBroken)
        var messages: [Int] = []
        mailbox.take(into: &messages)
        #expect(messages == [0, 1, 2])
        #expect(poller.wait(milliseconds: 0) == 0)
        mailbox.wake()
        #expect(poller.wait(milliseconds: 60_000) == 1)
        #expect(mailbox.post(7))
        #expect(mailbox.close() == [7])
        #expect(!mailbox.post(8))
    }

    @Test func mailboxTakesFromManyThreads() throws {
        let mailbox = try Mailbox<Int>()
        let threads = try (0..<4).map { thread in
            try EventLoopThread(name: "sender-\(thread)") {
                for number in 0..<1000 { mailbox.post(thread * 1000 + number) }
            }
        }
        for thread in threads { thread.join() }
        var messages: [Int] = []
        mailbox.take(into: &messages)
        #expect(messages.count == 4000 && Set(messages).count == 4000)
        for thread in 0..<4 {
            let own = messages.filter { $0 / 1000 == thread }
            #expect(own == own.sorted())
        }
    }

    @Test func receivesSignalsAsEvents() throws {
        // On a thread of its own: the signal is blocked there and sent to that thread only.
        let received = Atomic<Int32>(0)
        let thread = try EventLoopThread(name: "signals") {
            guard let receiver = try? SignalReceiver([SIGUSR2]) else { return }
            _ = pthread_kill(pthread_self(), SIGUSR2)
            received.store((try? receiver.next()) ?? -1, ordering: .relaxed)
        }
        thread.join()
        #expect(received.load(ordering: .relaxed) == SIGUSR2)
    }

    @Test func clockGoesOnAndDurationsSaturate() {
        let clock = SystemClock()
        let first = clock.now()
        #expect(clock.now() >= first && clock.unixSeconds() > 1_600_000_000)
        #expect(LoopDuration(.milliseconds(1500)).nanoseconds == 1_500_000_000)
        #expect(LoopDuration(.seconds(Int64.max)).nanoseconds == .max)
        #expect(first.advanced(by: LoopDuration(nanoseconds: .max)) == .never)
    }
}
