import Compression
import Testing

/// Reads an archive whole: path to content.
private func read(
    _ bytes: [UInt8], limits: ArchiveLimits = ArchiveLimits()
) -> Result<[String: [UInt8]], ArchiveError> {
    let span = bytes.span
    do throws(ArchiveError) {
        guard let format = Archive.detect(span) else {
            throw ArchiveError(.malformed, at: "byte 0", found: "no archive", expected: "one")
        }
        let archive = try Archive(span, format: format, limits: limits)
        var contents: [String: [UInt8]] = [:]
        for entry in archive.entries { contents[entry.path] = try archive.contents(of: entry, in: span) }
        return .success(contents)
    } catch {
        return .failure(error)
    }
}

private func failure(_ bytes: [UInt8], limits: ArchiveLimits = ArchiveLimits()) -> ArchiveError? {
    guard case .failure(let error) = read(bytes, limits: limits) else { return nil }
    return error
}

private func replacing(_ bytes: [UInt8], _ old: String, by new: String) -> [UInt8] {
    let (old, new) = (Array(old.utf8), Array(new.utf8))
    precondition(old.count == new.count)
    var bytes = bytes
    var index = 0
    while index + old.count <= bytes.count {
        if bytes[index..<index + old.count].elementsEqual(old) {
            bytes.replaceSubrange(index..<index + old.count, with: new)
        }
        index += 1
    }
    return bytes
}

@Suite struct ZipTests {
    private typealias Fixtures = ArchiveFixtures

    @Test func readsWhatPythonPacked() {
        let expected: Result<[String: [UInt8]], ArchiveError> = .success([
            "MLmodel": Array("flavors\n".utf8), "data/long.txt": [UInt8](repeating: 0x61, count: 1000),
            "data/naïve.txt": [1],
        ])
        #expect(read(Fixtures.zip) == expected)
        // Written to a pipe: the sizes follow the data.
        #expect(read(Fixtures.zipStreamed) == expected)
        #expect(read(Fixtures.zipWithLongFields) == expected)
        #expect(read(Fixtures.zipWithComment) == expected)
        #expect(read(Fixtures.zipEmpty) == .success([:]))
    }

    @Test(arguments: [
        ("MLmodel", "../odel"), ("MLmodel", "/Lmodel"), ("MLmodel", "a\\model"), ("MLmodel", "C:model"),
        ("MLmodel", "a//odel"), ("MLmodel", "a/../el"), ("MLmodel", "MLmode\u{1}"), ("MLmodel", "./../el"),
        ("MLmodel", "MLmode/"),
    ])
    func refusesPathsThatLeadOut(old: String, new: String) {
        #expect(failure(replacing(Fixtures.zip, old, by: new)) != nil, "\(new)")
    }

    @Test func refusesNamesThatCollide() throws {
        #expect(failure(Fixtures.zipOfTwo) == nil)
        for name in ["a.txt", "A.txt", "a.TXT"] {
            let error = try #require(failure(replacing(Fixtures.zipOfTwo, "b.txt", by: name)))
            #expect(error.kind == .malformed, "\(error)")
        }
    }

    @Test func refusesLinksEncryptionAndOtherMethods() throws {
        #expect(try #require(failure(Fixtures.zipLink)).found == "a link")
        #expect(try #require(failure(Fixtures.zipEncrypted)).found == "an encrypted entry")
        #expect(try #require(failure(Fixtures.zipBZip2)).found == "compression method 12")
    }

    @Test func refusesEntriesThatShareBytes() throws {
        let error = try #require(failure(Fixtures.zipOverlapping))
        #expect(error.kind == .malformed, "\(error)")
    }

    @Test func refusesBombs() throws {
        var limits = ArchiveLimits()
        limits.freeBytes = 1 << 16
        #expect(try #require(failure(Fixtures.zipBomb, limits: limits)).kind == .limit)
        #expect(failure(Fixtures.zipBomb) == nil)
        limits = ArchiveLimits()
        limits.entriesMax = 2
        #expect(try #require(failure(Fixtures.zip, limits: limits)).kind == .limit)
    }

    @Test func refusesContentThatLies() throws {
        // A table that promises less than the data gives, and damaged data.
        let bytes = Fixtures.zip
        for index in bytes.indices {
            for value in [UInt8(0), 0xFF, bytes[index] ^ 1] where value != bytes[index] {
                var changed = bytes
                changed[index] = value
                guard case .success(let contents) = read(changed) else { continue }
                #expect(contents.values.allSatisfy { $0.count <= 1000 })
                if contents.keys.contains("MLmodel") { #expect(contents["MLmodel"] == Array("flavors\n".utf8)) }
            }
        }
    }

    @Test func refusesEveryTruncation() {
        for whole in [Fixtures.zip, Fixtures.zipWithLongFields] {
            for length in 0..<whole.count { #expect(failure(Array(whole[..<length])) != nil, "\(length)") }
        }
    }
}

@Suite struct TarTests {
    private typealias Fixtures = ArchiveFixtures

    @Test(arguments: [Fixtures.tarUstar, Fixtures.tarGNU, Fixtures.tarPax])
    func readsWhatPythonPacked(bytes: [UInt8]) {
        let long = String(repeating: "d/", count: 60) + "long.txt"
        #expect(
            read(bytes)
                == .success(["MLmodel": Array("flavors\n".utf8), long: [UInt8](repeating: 0x61, count: 600)]))
    }

    @Test func refusesLinksDevicesAndPathsThatLeadOut() throws {
        #expect(try #require(failure(Fixtures.tarLink)).found == "a link")
        #expect(try #require(failure(Fixtures.tarHardLink)).found == "a link")
        #expect(try #require(failure(Fixtures.tarDevice)).found == "a device")
        #expect(try #require(failure(Fixtures.tarSlip)).found == "the path \"../evil\"")
        #expect(try #require(failure(Fixtures.tarAbsolute)).found == "the path \"/etc/evil\"")
        #expect(try #require(failure(Fixtures.tarTwice)).kind == .malformed)
    }

    @Test func refusesEveryTruncation() {
        let whole = Fixtures.tarPax
        // The end is a kilobyte of zeros, and padding; one block of it is enough.
        let end = whole.count - whole.reversed().prefix { $0 == 0 }.count
        for length in 0..<end { #expect(failure(Array(whole[..<length])) != nil, "\(length)") }
    }

    @Test func survivesMutation() {
        for whole in [Fixtures.tarUstar, Fixtures.tarGNU, Fixtures.tarPax] {
            for index in whole.indices where whole[index] != 0 {
                var changed = whole
                changed[index] ^= 0x15
                guard case .success(let contents) = read(changed) else { continue }
                #expect(contents.values.allSatisfy { $0.count <= 600 })
            }
        }
    }

    @Test func packsAFolder() {
        let long = String(repeating: "d/", count: 60) + "long.txt"
        let files: [(path: String, contents: [UInt8])] = [
            ("MLmodel", Array("x".utf8)), (long, [UInt8](repeating: 7, count: 1025)), ("empty", []),
            ("block", [UInt8](repeating: 1, count: 512)),
        ]
        let packed = TarWriter.pack(files)
        #expect(packed == TarWriter.pack(files.reversed()))
        #expect(read(packed) == .success(Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.contents) })))
    }
}
