import Testing

@testable import Serving

struct PublishPreconditionTests {
    private func tags(_ value: String) -> [String]? {
        guard case .tags(let tags)? = ETagCondition(fieldValue: value) else { return nil }
        return tags.map { ($0.isWeak ? "W/" : "") + $0.opaque }
    }

    @Test func readsListsWhoseTagsMayHoldCommas() {
        #expect(tags(#""a""#) == [#""a""#])
        #expect(tags(#"  "a,b" ,W/"c","" "#) == [#""a,b""#, #"W/"c""#, #""""#])
        #expect(tags(#","a",,"b","#) == [#""a""#, #""b""#])
        #expect(ETagCondition(fieldValue: " * ") == .any)
    }

    @Test(arguments: [
        "", " ", ",", "a", #""a"#, #"a""#, #"w/"a""#, "W", #"W "a""#, #""a" "b""#, "*,*", #"*,"a""#, "\"a\u{1}\"",
        "\"a b\"",
    ])
    func refusesWhatIsNoList(value: String) {
        #expect(ETagCondition(fieldValue: value) == nil)
    }

    @Test func boundsTheList() {
        #expect(ETagCondition(fieldValue: Array(repeating: #""a""#, count: 64).joined(separator: ",")) != nil)
        #expect(ETagCondition(fieldValue: Array(repeating: #""a""#, count: 65).joined(separator: ",")) == nil)
    }

    @Test(
        arguments: [
            // ifMatch, ifNoneMatch, current, holds
            (nil, nil, nil, true), (nil, nil, #""a""#, true),
            ("*", nil, nil, false), ("*", nil, #""a""#, true),
            (#""a""#, nil, #""a""#, true), (#""b", "a""#, nil, #""a""#, true), (#""b""#, nil, #""a""#, false),
            (#""a""#, nil, nil, false), (#"W/"a""#, nil, #""a""#, false),
            (nil, "*", nil, true), (nil, "*", #""a""#, false),
            (nil, #""a""#, #""a""#, false), (nil, #"W/"a""#, #""a""#, false), (nil, #""b""#, #""a""#, true),
            (nil, #""a""#, nil, true), (#""a""#, "*", #""a""#, false),
        ] as [(String?, String?, String?, Bool)])
    func comparesAsRFC9110Says(ifMatch: String?, ifNoneMatch: String?, current: String?, holds: Bool) {
        let precondition = PublishPrecondition(
            ifMatch: ifMatch.flatMap { ETagCondition(fieldValue: $0) },
            ifNoneMatch: ifNoneMatch.flatMap { ETagCondition(fieldValue: $0) })
        #expect(precondition.holds(for: current) == holds)
    }
}
