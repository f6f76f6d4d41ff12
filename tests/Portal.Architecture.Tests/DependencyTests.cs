using System.Reflection;
using NetArchTest.Rules;
using Portal.Domain.Data;

namespace Portal.Architecture.Tests;

/// <summary>The arrows between projects, and between the nouns of the domain.</summary>
public sealed class DependencyTests
{
    private const string Root = "Portal.Domain";
    private static readonly Assembly Domain = typeof(PortalDatabase).Assembly;
    private static readonly string[] Everything = ["*"];

    /// <summary>What each noun may know. Arrows point down; Revenue and Notifications read. The namespace Wallet is the folder Credits.</summary>
    private static readonly Dictionary<string, string[]> MayKnow = new(StringComparer.Ordinal)
    {
        ["Kernel"] = [],
        ["Data"] = ["Kernel"],
        ["Ledger"] = ["Kernel", "Data"],
        ["Pricing"] = ["Kernel", "Data"],
        ["Wallet"] = ["Kernel", "Data", "Ledger", "Pricing"],
        ["Tenants"] = ["Kernel", "Data", "Ledger", "Wallet"],
        ["Metering"] = ["Kernel", "Data", "Ledger", "Pricing", "Wallet"],
        ["Catalog"] = ["Kernel", "Data", "Pricing", "Wallet", "Metering", "Outcomes"],
        ["Taxes"] = ["Kernel", "Data", "Wallet"],
        ["Payments"] = ["Kernel", "Data", "Ledger", "Pricing", "Wallet", "Catalog", "Taxes"],
        ["Outcomes"] = ["Kernel", "Data", "Ledger", "Pricing", "Wallet", "Metering"],
        ["Subscriptions"] = ["Kernel", "Data", "Ledger", "Pricing", "Wallet", "Catalog", "Taxes", "Payments"],
        ["Invoicing"] = ["Kernel", "Data", "Ledger", "Pricing", "Wallet", "Catalog", "Taxes", "Payments", "Subscriptions"],
        ["Webhooks"] = ["Kernel", "Data", "Tenants"],
        ["Alerts"] = ["Kernel", "Data", "Wallet", "Tenants", "Notifications", "Webhooks"],
        ["Revenue"] = Everything,
        ["Notifications"] = Everything,
    };

    public static TheoryData<string> Nouns => [.. NounsOf(Domain)];

    [Theory, MemberData(nameof(Nouns))]
    public void A_noun_knows_only_those_below_it(string noun)
    {
        MayKnow.ShouldContainKey(noun, $"{Root}.{noun} is new: say here what it may know.");
        if (MayKnow[noun] == Everything) return;

        var forbidden = NounsOf(Domain).Except([noun, .. MayKnow[noun]], StringComparer.Ordinal);
        forbidden.SelectMany(other => Knowing(noun, other)).ShouldBeEmpty();
    }

    [Fact]
    public void No_nouns_know_each_other_in_a_circle()
    {
        var arrows = NounsOf(Domain).ToDictionary(
            noun => noun, noun => NounsOf(Domain).Where(other => other != noun && Knowing(noun, other).Any()).ToList(), StringComparer.Ordinal);
        arrows.Values.Sum(targets => targets.Count).ShouldBeGreaterThan(10, "the scan found next to nothing");

        // Taking away whatever knows nobody leaves only circles.
        while (arrows.FirstOrDefault(arrow => arrow.Value.Count == 0) is { Key: { } free })
        {
            arrows.Remove(free);
            foreach (var targets in arrows.Values) targets.Remove(free);
        }

        arrows.Select(arrow => $"{arrow.Key} → {string.Join(", ", arrow.Value)}").ShouldBeEmpty();
    }

    [Fact]
    public void The_domain_knows_neither_web_nor_jobs_and_jobs_not_the_web()
    {
        References(Domain).ShouldNotContain("Portal.Web");
        References(Domain).ShouldNotContain("Portal.Jobs");
        var web = typeof(Portal.Web.Hosting.DatabaseHosting).Assembly;
        References(web).ShouldContain("Portal.Domain");
        References(Assembly.Load("Portal.Jobs")).ShouldNotContain("Portal.Web");
    }

    private static IEnumerable<string> References(Assembly assembly) => assembly.GetReferencedAssemblies().Select(name => name.Name!);

    private static List<string> NounsOf(Assembly assembly) =>
    [
        .. assembly.GetTypes()
            .Select(type => type.Namespace ?? "")
            .Where(name => name.StartsWith($"{Root}.", StringComparison.Ordinal))
            .Select(name => name.Split('.')[2])
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    private static IEnumerable<string> Knowing(string noun, string other) => Types.InAssembly(Domain)
        .That().ResideInNamespaceMatching($"^{Root}\\.{noun}(\\.|$)").And().HaveDependencyOn($"{Root}.{other}")
        .GetTypes().Select(type => $"{type.FullName} knows {other}");
}
