using System.Globalization;
using System.Text;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;

namespace Portal.Database.Tests.Properties;

/// <summary>What an event says, without its time.</summary>
internal sealed record Usage(string? Pool, string Product, string? Consumer, decimal Credits)
{
    public string Body(string tenant, string id, DateTimeOffset at)
    {
        var more = (Pool is null ? "" : $",\"pool\":\"{Pool}\"") + (Consumer is null ? "" : $",\"consumer\":\"{Consumer}\"");
        return string.Create(CultureInfo.InvariantCulture, $$$"""
            {"specversion":"1.0","type":"use.{{{Product}}}","source":"test","id":"{{{id}}}","subject":"{{{tenant}}}","time":"{{{InstantText.Format(at)}}}","data":{"credits":"{{{Credits}}}"{{{more}}}}}
            """);
    }

    public override string ToString() => $"{Credits} credits of {Product}" + (Pool is null ? "" : $" from {Pool}") + (Consumer is null ? "" : $" by {Consumer}");
}

/// <summary>Usage arrives, alone or several in one request; its time may be late, or ahead.</summary>
internal sealed record UseCommand(int Tenant, IReadOnlyList<Usage> Usages, int SecondsAgo) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var at = scene.Clock.AddSeconds(-SecondsAgo);
        var sent = Usages.Select(usage => (Usage: usage, Id: scene.World.NextEventId())).ToArray();
        var bodies = sent.Select(one => one.Usage.Body(scene.Key, one.Id, at)).ToArray();
        var fates = await scene.World.SendAsync(bodies);
        return new Step(
            $"{scene} uses {string.Join(" and ", sent.Select(one => $"{one.Usage} as {one.Id}"))}" + (SecondsAgo == 0 ? "" : $", {Span(SecondsAgo)} ago"),
            string.Join("; ", fates.Select(PropertyWorld.Fate)),
            Refused: false,
            now => string.Join("; ", sent.Select((one, i) => scene.Model.Use(
                one.Id, bodies[i], one.Usage.Pool, one.Usage.Product, one.Usage.Consumer, one.Usage.Credits, at, now))));
    }
}

/// <summary>An event that came before comes again, as it was or with another amount.</summary>
internal sealed record RepeatCommand(int Tenant, int Which, bool Changed) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var known = scene.Model.Events.Where(usage => usage.IsMeasured).ToArray();
        if (known.Length == 0) return new Step($"{scene} has nothing to repeat", "", Refused: true, _ => "");
        var usage = known[^(1 + (Which % known.Length))];
        var body = Changed ? usage.Body.Replace("\"credits\":\"", "\"credits\":\"1", StringComparison.Ordinal) : usage.Body;
        var fates = await scene.World.SendAsync(body);
        return new Step(
            $"{scene} sends {usage.Id} again" + (Changed ? " with another amount" : ""),
            PropertyWorld.Fate(fates[0]),
            Refused: false,
            now => scene.Model.Use(usage.Id, body, usage.Pool, usage.Product, usage.Consumer, usage.First, usage.OccurredAt, now));
    }
}
