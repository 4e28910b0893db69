import ByteCoding
import Testing
@Test func a() throws { var r = JSONReader([0x31].span); #expect(try r.readNumber() == .int64(1)) }
