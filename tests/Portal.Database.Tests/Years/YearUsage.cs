using System.Globalization;

namespace Portal.Database.Tests.Years;

/// <summary>Usage of each template of <see cref="Year"/>.</summary>
internal static class YearUsage
{
    /// <summary>What happens at once: types of events and their data.</summary>
    public static IEnumerable<(string Type, string Data)> Of(int kind, Random random, string name)
    {
        var (input, output) = (random.Next(1_000, 400_000), random.Next(100, 40_000));
        switch (kind)
        {
            case 0:
                yield return ("openai.completion", Text($$"""{"model":"gpt-5.2","input_tokens":{{input}},"cached_input_tokens":{{input / 4}},"output_tokens":{{output}}}"""));
                break;
            case 1:
                yield return ("mistral.completion", Text($$"""{"model":"mistral-large","input_tokens":{{input}},"output_tokens":{{output}}}"""));
                break;
            case 2:
                yield return ("slack.ai", Text($$"""{"input_tokens":{{input}},"output_tokens":{{output}},"consumer":"ana"}"""));
                break;
            case 3:
                yield return ("assistant.step", Text($$"""{"mode":"deep","steps":{{random.Next(10, 700)}}}"""));
                break;
            case 4:
                yield return ("conversation.started", Text($$"""{"case":"{{name}}"}"""));
                yield return ("fin.completion", Text($$"""{"case":"{{name}}","input_tokens":{{input}},"output_tokens":{{output}}}"""));
                yield return (random.Next(3) == 0 ? "conversation.escalated" : "conversation.resolved", Text($$"""{"case":"{{name}}"}"""));
                break;
            case 5:
                yield return ("flux.image", Text($$"""{"model":"flux-2-max","width":{{random.Next(512, 2_000)}},"height":1024}"""));
                break;
            case 6:
                yield return ("datadog.logs", Text($$"""{"bytes":{{random.NextInt64(1_000_000, 80_000_000_000)}}}"""));
                break;
            default:
                yield return ("wallet.completion", Text($$"""{"model":"fast","input_tokens":{{input}},"output_tokens":{{output}},"consumer":"bob"}"""));
                break;
        }
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
