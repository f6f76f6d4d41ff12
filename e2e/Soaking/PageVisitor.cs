using System.Net;
using System.Text.RegularExpressions;

namespace Portal.E2E.Soaking;

/// <summary>Somebody signed in once, who opens pages all the while: the sign-in must outlive every kill.</summary>
internal sealed partial class PageVisitor : IDisposable
{
    private static readonly string[] Paths = ["t/demo", "t/demo/usage", "t/demo/activity", "t/demo/pools", "t/demo/grants", "t/demo/invoices"];

    private readonly HttpClient client;
    private readonly Caller caller;
    private readonly Outages outages;
    private readonly Book book;

    private PageVisitor(HttpClient client, Caller caller, Outages outages, Book book) => (this.client, this.caller, this.outages, this.book) = (client, caller, outages, book);

    /// <summary>Signs in as the owner of the demo's company.</summary>
    public static async Task<PageVisitor> SignInAsync(Uri address, Caller caller, Outages outages, Book book)
    {
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = address };
        var page = new Uri("account/sign-in", UriKind.Relative);
        var fields = HiddenField().Matches(await client.GetStringAsync(page)).ToDictionary(
            match => match.Groups["name"].Value, match => WebUtility.HtmlDecode(match.Groups["value"].Value), StringComparer.Ordinal);
        (fields["Input.Email"], fields["Input.Password"]) = ("owner@acme.example", "acme-robotics-demo");
        using var form = new FormUrlEncodedContent(fields);
        using var answer = await client.PostAsync(page, form);
        answer.StatusCode.ShouldBe(HttpStatusCode.Redirect, await answer.Content.ReadAsStringAsync());
        return new PageVisitor(client, caller, outages, book);
    }

    /// <summary>Opens a page.</summary>
    public async Task OnceAsync(Random random)
    {
        var path = Paths[random.Next(Paths.Length)];
        var begun = outages.Era;
        try
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            if (answer.StatusCode == HttpStatusCode.OK) book.Counts.Pages.Add();
            else caller.Failed(begun, $"{path}: {(int)answer.StatusCode} {answer.Headers.Location}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            caller.Failed(begun, $"{path}: {e.Message}");
        }
    }

    public void Dispose() => client.Dispose();

    [GeneratedRegex("""<input type="hidden" name="(?<name>[^"]+)" value="(?<value>[^"]*)" */?>""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex HiddenField();
}
