using System.Globalization;
using System.Text.Json;
using Portal.Domain.Tenants;

namespace Portal.Web.Tests.Api;

/// <summary>Invoices over HTTP. Prices: $29 flat of which $20 pay for credits, two of three seats at $15, usage of images at $0.04.</summary>
public sealed class InvoiceTests(ApiHost host) : IClassFixture<ApiHost>
{
    private HttpClient Platform => host.Client();

    [Fact]
    public async Task An_invoice_is_previewed_finalised_shown_and_filed()
    {
        var tenant = await SubscribeAsync();
        var path = $"/v1/tenants/{tenant}/invoices";
        var draft = (await Platform.SendAsync("GET", path + "/upcoming")).ShouldBe(200).Json;
        (draft.GetProperty("status").GetString(), draft.GetProperty("number").ValueKind, Total(draft)).ShouldBe(("draft", JsonValueKind.Null, 59m));
        (await Platform.SendAsync("GET", path)).Json.GetProperty("items").GetArrayLength().ShouldBe(0);
        (await Platform.SendAsync("GET", path + "?status=draft")).Json.GetProperty("items").GetArrayLength().ShouldBe(1);

        await ForwardAsync(TimeSpan.FromHours(2));
        var listed = (await Platform.SendAsync("GET", path)).ShouldBe(200).Json.GetProperty("items")[0];
        var invoice = (await Platform.SendAsync("GET", $"{path}/{listed.GetProperty("id").GetString()}")).ShouldBe(200).Json;
        (await Platform.SendAsync("GET", $"{path}/{listed.GetProperty("number").GetString()}")).ShouldBe(200).Text.ShouldBe(invoice.GetRawText());
        (invoice.GetProperty("status").GetString(), Total(invoice), invoice.GetProperty("amount_due").GetString()).ShouldBe(("open", 59m, "59.000000000"));
        invoice.GetProperty("lines").EnumerateArray().Select(line => $"{line.GetProperty("kind")} {line.GetProperty("quantity")} {line.GetProperty("amount")}").ShouldBe([
            "flat 1.000000000 9.000000000", "seat 2.000000000 30.000000000", "included_credits 100.000000000 20.000000000"]);

        invoice.GetProperty("lines").EnumerateArray().ShouldAllBe(line => line.GetProperty("tiers").GetArrayLength() == 0); // none of them has any

        var pdf = await Platform.GetAsync(new Uri(invoice.GetProperty("pdf_url").GetString()!, UriKind.Relative));
        pdf.Content.Headers.ContentType!.MediaType.ShouldBe("application/pdf");
        (await pdf.Content.ReadAsByteArrayAsync())[..5].ShouldBe("%PDF-"u8.ToArray());
        (await Platform.SendAsync("GET", path + "/upcoming")).ShouldBe(200).Json.GetProperty("period").GetProperty("start").GetDateTimeOffset()
            .ShouldBe(invoice.GetProperty("period").GetProperty("end").GetDateTimeOffset());
    }

    [Fact]
    public async Task Nobody_sees_the_invoices_of_another()
    {
        var (mine, other) = (await SubscribeAsync(), await host.NewTenantAsync());
        await ForwardAsync(TimeSpan.FromHours(2));
        var invoice = (await Platform.SendAsync("GET", $"/v1/tenants/{mine}/invoices")).Json.GetProperty("items")[0];
        var (id, number) = (invoice.GetProperty("id").GetString(), invoice.GetProperty("number").GetString());
        foreach (var name in new[] { id, number, id + ".pdf", number + ".pdf", "inv_1_x", "INV-999999" })
            (await Platform.SendAsync("GET", $"/v1/tenants/{other}/invoices/{name}")).ShouldBe(404, "unknown_invoice");
        (await Platform.SendAsync("GET", $"/v1/tenants/{other}/invoices/upcoming")).ShouldBe(404, "nothing_upcoming");
        (await Platform.SendAsync("GET", $"/v1/tenants/{mine}/invoices?status=late")).ShouldBe(400, "invalid_status");
        var theirs = host.Client(await host.NewKeyAsync(other, Scope.Read));
        (await theirs.SendAsync("GET", $"/v1/tenants/{mine}/invoices/{id}")).Status.ShouldBe(403);
    }

    [Fact]
    public async Task Invoices_are_credited_voided_and_written_off_by_the_platform_alone()
    {
        var tenant = await SubscribeAsync();
        await ForwardAsync(TimeSpan.FromHours(2));
        var path = $"/v1/tenants/{tenant}/invoices";
        var number = (await Platform.SendAsync("GET", path)).Json.GetProperty("items")[0].GetProperty("number").GetString();
        var own = host.Client(await host.NewKeyAsync(tenant, Scope.Manage, Scope.Read));
        foreach (var (what, body) in new[] { ("void", """{"reason":"x"}"""), ("write-off", """{"reason":"x"}"""), ("credit-notes", """{"reason":"x"}""") })
            (await own.SendAsync("POST", $"{path}/{number}/{what}", body)).Status.ShouldBe(403);

        (await Platform.SendAsync("POST", $"{path}/{number}/credit-notes", """{"amount":"1"}""")).ShouldBe(400, "missing_field");
        (await Platform.SendAsync("POST", $"{path}/{number}/credit-notes", """{"reason":"Sorry","amount":"60"}""")).ShouldBe(400, "exceeds_invoice");
        (await Platform.SendAsync("POST", $"{path}/INV-999999/credit-notes", """{"reason":"Sorry"}""")).ShouldBe(404, "unknown_invoice");
        var note = (await Platform.SendAsync("POST", $"{path}/{number}/credit-notes", """{"reason":"Sorry","lines":[{"line":2,"amount":"15.00"}]}""")).ShouldBe(201).Json;
        (note.GetProperty("total").GetString(), note.GetProperty("lowered_due").GetString()).ShouldBe(("15.000000000", "15.000000000"));
        (await own.SendAsync("GET", $"{path}/{number}/credit-notes/{note.GetProperty("number").GetString()}")).ShouldBe(200).Text.ShouldContain("Sorry");
        (await own.GetAsync(new Uri(note.GetProperty("pdf_url").GetString()!, UriKind.Relative))).Content.Headers.ContentType!.MediaType.ShouldBe("application/pdf");
        var invoice = (await own.SendAsync("GET", $"{path}/{number}")).ShouldBe(200).Json;
        (invoice.GetProperty("credit_notes").GetArrayLength(), invoice.GetProperty("amount_due").GetString()).ShouldBe((1, "44.000000000"));
        (await own.SendAsync("GET", $"{path}/{number}/receipt.pdf")).ShouldBe(404, "nothing_paid");

        (await Platform.SendAsync("POST", $"{path}/{number}/void", """{"reason":"Wrong"}""")).ShouldBe(409, "invoice_has_credit_notes");
        (await Platform.SendAsync("POST", $"{path}/{number}/write-off", """{"reason":""}""")).ShouldBe(400, "invalid_reason");
        (await Platform.SendAsync("POST", $"{path}/{number}/write-off", """{"reason":"Insolvent"}""")).ShouldBe(200).Json.GetProperty("status").GetString().ShouldBe("uncollectible");
        (await Platform.SendAsync("POST", $"{path}/{number}/write-off", """{"reason":"Insolvent"}""")).ShouldBe(409, "invoice_not_open");

        var other = await host.NewTenantAsync();
        foreach (var what in new[] { "void", "write-off", "credit-notes" })
            (await Platform.SendAsync("POST", $"/v1/tenants/{other}/invoices/{number}/{what}", """{"reason":"x"}""")).ShouldBe(404, "unknown_invoice");
        (await Platform.SendAsync("GET", $"/v1/tenants/{other}/invoices/{number}/credit-notes/{note.GetProperty("id").GetString()}")).ShouldBe(404, "unknown_credit_note");
    }

    [Fact]
    public async Task A_bank_transfer_pays_what_is_due_and_the_rest_is_the_customers_credit()
    {
        var tenant = await SubscribeAsync();
        await ForwardAsync(TimeSpan.FromHours(2));
        var (invoices, payments) = ($"/v1/tenants/{tenant}/invoices", $"/v1/tenants/{tenant}/payments");
        var number = (await Platform.SendAsync("GET", invoices)).Json.GetProperty("items")[0].GetProperty("number").GetString();
        foreach (var (body, status, code) in new[]
        {
            ("""{"amount":"0","reference":"a"}""", 400, "invalid_amount"),
            ("""{"amount":"1.001","reference":"a"}""", 400, "invalid_amount"),
            ("""{"amount":"1","reference":""}""", 400, "invalid_reference"),
            ("""{"amount":"1","reference":"a","invoice":"INV-999999"}""", 400, "unknown_invoice"),
            ("""{"amount":"1"}""", 400, "missing_field"),
        }) (await Platform.SendAsync("POST", payments, body)).ShouldBe(status, code);

        (await Platform.SendAsync("POST", payments, $$"""{"amount":"20.00","reference":"one","invoice":"{{number}}"}""")).ShouldBe(201);
        (await Platform.SendAsync("GET", $"{invoices}/{number}")).Json.GetProperty("amount_due").GetString().ShouldBe("39.000000000");
        (await Platform.SendAsync("POST", payments, $$"""{"amount":"20.00","reference":"one","invoice":"{{number}}"}""")).ShouldBe(409, "transfer_recorded");
        (await Platform.SendAsync("POST", payments, $$"""{"amount":"50.00","reference":"two","invoice":"{{number}}"}""")).ShouldBe(201);
        var paid = (await Platform.SendAsync("GET", $"{invoices}/{number}")).Json;
        (paid.GetProperty("status").GetString(), paid.GetProperty("paid").GetString()).ShouldBe(("paid", "59.000000000"));
        (await Platform.SendAsync("POST", payments, $$"""{"amount":"1","reference":"three","invoice":"{{number}}"}""")).ShouldBe(409, "invoice_not_open");
        (await Platform.SendAsync("GET", payments)).Json.GetProperty("items").GetArrayLength().ShouldBe(2);
        (await host.Database.ScalarAsync($"select balance from ledger_accounts join tenants using (tenant_id) where key = '{tenant}' and account = 'customer_credit'")).ShouldBe(-11m);
        var own = host.Client(await host.NewKeyAsync(tenant, Scope.Manage));
        (await own.SendAsync("POST", payments, """{"amount":"1","reference":"mine"}""")).ShouldBe(403, "platform_key_required");
    }

    [Fact]
    public async Task An_invoice_is_not_paid_without_a_payment_method()
    {
        var tenant = await SubscribeAsync();
        await ForwardAsync(TimeSpan.FromHours(2));
        var path = $"/v1/tenants/{tenant}/invoices";
        var id = (await Platform.SendAsync("GET", path)).Json.GetProperty("items")[0].GetProperty("id").GetString();
        (await Platform.SendAsync("POST", $"{path}/{id}/pay", "{}")).ShouldBe(422, "no_payment_method");
        (await Platform.SendAsync("POST", $"{path}/{id}/pay", """{"method":"pm_1_x"}""")).ShouldBe(400, "unknown_payment_method");
        (await Platform.SendAsync("POST", $"{path}/INV-999999/pay", "{}")).ShouldBe(404, "unknown_invoice");
        (await Platform.SendAsync("GET", $"{path}/{id}")).Json.GetProperty("status").GetString().ShouldBe("open");
    }

    private async Task<string> SubscribeAsync()
    {
        var (tenant, plan) = (await host.NewTenantAsync(), "p" + Guid.NewGuid().ToString("N")[..10]);
        (await Platform.SendAsync("PUT", $"/v1/plans/{plan}", """
            {"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"29.00"},
              {"key":"seats","type":"seat","amount":"15.00","included":"1"},
              {"key":"credits","type":"included_credits","credits":"100","revenue_share":"20.00"}]}
            """)).ShouldBe(201);
        (await Platform.SendAsync("POST", $"/v1/tenants/{tenant}/subscriptions", $$$"""{"plan":"{{{plan}}}","quantities":{"seats":"3"}}""")).ShouldBe(201)
            .Json.GetProperty("quantities").GetProperty("seats").GetString().ShouldBe("3.000000000");
        return tenant;
    }

    private async Task ForwardAsync(TimeSpan by)
    {
        var now = (await Platform.SendAsync("GET", "/v1/test-clock")).Json.GetProperty("now").GetDateTimeOffset();
        (await Platform.SendAsync("POST", "/v1/test-clock/advance", $$"""{"to":"{{(now + by).ToString("o", CultureInfo.InvariantCulture)}}"}""")).ShouldBe(200);
    }

    private static decimal Total(JsonElement invoice) => decimal.Parse(invoice.GetProperty("total").GetString()!, CultureInfo.InvariantCulture);
}
