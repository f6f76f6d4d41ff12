using System.Globalization;

namespace Portal.E2E.Soaking;

/// <summary>What was done for a customer.</summary>
internal abstract record Work(string Pool)
{
    /// <summary>The <c>data</c> of its event.</summary>
    public abstract object Data { get; }
}

/// <summary>An answer of a language model: each event is priced alone, and rounds.</summary>
internal sealed record TextWork(string Pool, string Model, int Input, int Output) : Work(Pool)
{
    public override object Data => new { model = Model, input_tokens = Input, output_tokens = Output, pool = Pool, consumer = $"agent-of-{Pool}" };
}

/// <summary>Images: priced by what the calendar month has come to.</summary>
internal sealed record ImageWork(string Pool, int Images) : Work(Pool)
{
    public override object Data => new { images = Images, pool = Pool };
}

/// <summary>Credits captured without an event of ours; the portal writes one.</summary>
internal sealed record CapturedWork(decimal Credits) : Work("shared")
{
    public override object Data => throw new NotSupportedException("It is sent as an amount.");
}

/// <summary>An event as it is sent, and sent again.</summary>
internal sealed record SoakEvent(string Source, string Id, string Tenant, DateTimeOffset At, Work Work)
{
    public const string OurSource = "soak";

    public string Type => Work is ImageWork ? Prices.ImageType : Prices.TextType;

    public object ToCloudEvent() => new
    {
        specversion = "1.0",
        type = Type,
        source = Source,
        id = Id,
        subject = Tenant,
        time = At.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
        data = Work.Data,
    };
}
