using System.Text;
using CsCheck;
using Portal.Domain.Metering.Intake;

namespace Portal.Domain.Tests.Metering.Intake;

public sealed class EventParserTests
{
    private const string Good = """{"specversion":"1.0","type":"t","source":"s","id":"1","subject":"acme","time":"2026-03-01T10:15:00Z","data":{"model":"m","n":1}}""";

    [Theory]
    [InlineData("", "malformed_json")]
    [InlineData("{", "malformed_json")]
    [InlineData("null", "malformed_json")]
    [InlineData("\"text\"", "malformed_json")]
    [InlineData("[]", "empty_batch")]
    [InlineData("[1,]", "malformed_json")]
    [InlineData("{\"id\":\"\\ud800\"}", "malformed_json")]
    [InlineData("[{\"data\":{\"n\":NaN}}]", "malformed_json")]
    public void A_body_that_is_no_document_is_one_problem(string body, string code) =>
        EventParser.Parse(Encoding.UTF8.GetBytes(body)).Problem!.Code.ShouldBe(code);

    [Fact]
    public void Invalid_utf8_is_refused() =>
        EventParser.Parse(new byte[] { (byte)'"', 0xff, (byte)'"' }).Problem!.Code.ShouldBe("malformed_json");

    [Fact]
    public void More_than_ten_thousand_events_are_refused() =>
        EventParser.Parse(Encoding.UTF8.GetBytes($"[{string.Join(',', Enumerable.Repeat(Good, 10_001))}]")).Problem!.Code.ShouldBe("too_many_events");

    [Theory]
    [InlineData("\"id\":\"1\"", "\"id\":null", "missing_id")]
    [InlineData("\"id\":\"1\"", "\"id\":7", "invalid_id")]
    [InlineData("\"source\":\"s\",", "", "missing_source")]
    [InlineData("\"type\":\"t\",", "", "missing_type")]
    [InlineData("\"subject\":\"acme\",", "", "missing_subject")]
    [InlineData("2026-03-01T10:15:00Z", "yesterday", "invalid_time")]
    [InlineData("2026-03-01T10:15:00Z", "2026-03-01T10:15:00", "invalid_time")]
    [InlineData("\"time\":\"2026-03-01T10:15:00Z\",", "", "missing_time")]
    [InlineData("\"1.0\"", "\"0.3\"", "invalid_specversion")]
    [InlineData("{\"model\":\"m\",\"n\":1}", "[1]", "invalid_data")]
    [InlineData(",\"data\":{\"model\":\"m\",\"n\":1}", "", "missing_data")]
    [InlineData("\"n\":1", "\"consumer\":{\"a\":1}", "invalid_consumer")]
    [InlineData("\"n\":1", "\"x\":\"\\u0000\"", "invalid_character")]
    [InlineData("\"id\":\"1\"", "\"id\":\"a\\u0000\"", "invalid_character")]
    public void An_event_that_is_wrong_is_rejected_and_its_neighbours_are_not(string from, string to, string code)
    {
        var events = EventParser.Parse(Encoding.UTF8.GetBytes($"[{Good},{Good.Replace(from, to, StringComparison.Ordinal)},{Good}]")).Value;

        events[1].Problem!.Code.ShouldBe(code);
        events[0].Status.ShouldBe(EventStatus.Pending);
        events[2].Status.ShouldBe(EventStatus.Pending);
    }

    [Theory]
    [InlineData("{\"model\":\"m\",\"n\":1}", "{\"n\":1,\"model\":\"m\"}", true)]
    [InlineData("\"n\":1", "\"n\":1.000", true)]
    [InlineData("\"n\":1", "\"n\":10e-1", true)]
    [InlineData("10:15:00Z", "11:15:00+01:00", true)]
    [InlineData("\"model\":\"m\"", "\"model\":\"\\u006d\"", true)]
    [InlineData("{\"specversion\":\"1.0\",", "{\"specversion\":\"1.0\",\"traceparent\":\"x\",", true)]
    [InlineData("\"n\":1", "\"n\":2", false)]
    [InlineData("\"n\":1", "\"n\":\"1\"", false)]
    [InlineData("\"n\":1", "\"n\":1,\"o\":null", false)]
    [InlineData("\"model\":\"m\"", "\"model\":\"n\"", false)]
    [InlineData("10:15:00Z", "10:15:01Z", false)]
    [InlineData("\"subject\":\"acme\"", "\"subject\":\"other\"", false)]
    [InlineData("\"type\":\"t\"", "\"type\":\"u\"", false)]
    public void Bodies_are_compared_by_what_they_say(string from, string to, bool same)
    {
        var events = EventParser.Parse(Encoding.UTF8.GetBytes($"[{Good},{Good.Replace(from, to, StringComparison.Ordinal)}]")).Value;

        events[1].Problem.ShouldBeNull();
        (events[0].Digest == events[1].Digest).ShouldBe(same);
    }

    [Fact]
    public void Identity_is_source_and_id_and_nothing_runs_together()
    {
        EventIdentity.KeyOf("a", "bc").ShouldNotBe(EventIdentity.KeyOf("ab", "c"));
        EventIdentity.KeyOf("a", "b").ShouldBe(EventIdentity.KeyOf("a", "b"));
    }

    [Fact]
    public void Ids_that_carry_their_time_keep_it_in_front()
    {
        var (early, late) = (Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(1)), Guid.CreateVersion7(DateTimeOffset.UnixEpoch.AddDays(2)));
        Bytes(EventIdentity.KeyOf("s", early.ToString()))[..6].ShouldBe(Bytes(early)[..6]);
        Bytes(EventIdentity.KeyOf("s", late.ToString("N")))[..6].ShouldBe(Bytes(late)[..6]);
        // ULID 01ARZ3NDEKTSV4RRFFQ69G5FAV carries 1469922850259 ms = 0x01563E3AB5D3.
        Bytes(EventIdentity.KeyOf("s", "01ARZ3NDEKTSV4RRFFQ69G5FAV"))[..6].ShouldBe([0x01, 0x56, 0x3E, 0x3A, 0xB5, 0xD3]);
    }

    [Fact]
    public void Any_text_is_parsed_or_refused_but_never_throws() =>
        Gen.String.Sample(text => EventParser.Parse(Encoding.UTF8.GetBytes(text)));

    private static byte[] Bytes(Guid id) => id.ToByteArray(bigEndian: true);
}
