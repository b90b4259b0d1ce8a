using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Inventory.Features.Deviations;
using BloodPlatform.Inventory.Features.Dins;
using BloodPlatform.Inventory.Features.Donations;
using BloodPlatform.Inventory.Features.Haemovigilance;
using BloodPlatform.Inventory.Features.Holds;
using BloodPlatform.Inventory.Features.HospitalTasks;
using BloodPlatform.Inventory.Features.Imports;
using BloodPlatform.Inventory.Features.Lookbacks;
using BloodPlatform.Inventory.Features.Orders;
using BloodPlatform.Inventory.Features.Projections;
using BloodPlatform.Inventory.Features.Recalls;
using BloodPlatform.Inventory.Features.ReleaseBatches;
using BloodPlatform.Inventory.Features.Stations;
using BloodPlatform.Inventory.Features.Stock;
using BloodPlatform.Inventory.Features.Storage;
using BloodPlatform.Inventory.Features.TestRuns;
using BloodPlatform.Inventory.Features.Traces;
using BloodPlatform.Inventory.Features.Units;

namespace BloodPlatform.Inventory;

/// <summary>The whole service on one screen: what it hears, which constraints settle its races, what it answers.</summary>
public static class Program
{
    public static PlatformService Create(string[] args)
    {
        var service = PlatformService.Create("inventory", args, typeof(Program).Assembly);
        service.Builder.Services.AddValidation();
        service.Builder.Services.AddSingleton(Facility.From(service.Builder.Configuration));
        service.Builder.Services.AddSingleton(ReturnPolicy.From(service.Builder.Configuration));
        service.Builder.Services.AddSingleton(StationSchemes.From(service.Builder.Configuration));
        service.Builder.Services.AddHostedService<KeepStationSchemes>();
        service.Builder.Services.AddHostedService<WatchStock>();
        service.Builder.Services.AddHostedService<ExpireUnits>();
        service.Builder.Services.AddHostedService<ServeWaiting>();
        service.Builder.Services.AddHostedService<LapseOrders>();
        return service
            .DemandsSealOf("donor")
            .Consumes<DonationCollected>(OnDonationCollected.Handle)
            .Consumes<DonorsMerged>(OnDonorsMerged.Handle)
            .Consumes<DonorsUnmerged>(OnDonorsUnmerged.Handle)
            .Consumes<DonationWithdrawn>(OnDonationWithdrawn.Handle)
            .Consumes<DonationCorrected>(OnDonationCorrected.Handle)
            .Consumes<DonationVoided>(OnDonationVoided.Handle)
            .Consumes<BloodGroupCorrected>(OnBloodGroupCorrected.Handle)
            .Consumes<DonationExternallyChecked>(OnDonationExternallyChecked.Handle)
            .Consumes<DonationReportRefused>(OnDonationReportRefused.Handle)
            .Consumes<OrganisationRegistered>(OnOrganisationRegistered.Handle)
            .Consumes<OrganisationChanged>(OnOrganisationChanged.Handle)
            .Runs(ImportTestRuns.Kind, ImportTestRuns.Step)
            .Runs(ImportMirrored.Job, ImportMirrored.Step)
            .Constraint("din_sequence_exhausted", Problems.DinSequenceExhausted)
            .Constraint("test_run_once_per_station", Problems.RunExists)
            .Constraint("test_result_corrected_once", Problems.ResultCorrected)
            .Constraint("test_run_import_once", Problems.ImportExists)
            .Constraint("mirror_import_once", Problems.ImportExists)
            .Constraint("donation_report_once", Problems.DonationReported)
            .Constraint("release_signature_one_per_person", Problems.SameSigner)
            .Constraint("hold_lift_signature_one_per_person", Problems.SameSigner)
            .Constraint("stock_snapshot_of_a_moment", Problems.SnapshotOlder)
            .Constraint("unit_label_once", Problems.UnitState)
            .Constraint("order_line_unit_in_one_order", Problems.UnitTaken)
            .Constraint("transfusion_once_per_unit", Problems.AlreadyTransfused)
            .Constraint("lookback_one_open", Problems.LookbackOpen)
            .Map(IssueDinBlock.Map, GetDinBlock.Map, GetDin.Map)
            .Map(SetMode.Map, ReportDonations.Map)
            .Map(GetDonation.Map, ListDonations.Map, ExcludeByDonor.Map, MakeComponents.Map, SignRelease.Map, SignReleaseBatch.Map)
            .Map(RecordTestRun.Map, GetTestRun.Map, CorrectResult.Map, ImportTestRuns.Map)
            .Map(PushUnits.Map, PushMovements.Map, ImportMirrored.Map)
            .Map(GetUnit.Map, ListUnits.Map, CheckLabel.Map, ResolveScans.Map, DiscardUnit.Map, ReturnUnit.Map, ProcessUnit.Map, HoldUnit.Map, RecordTransfusion.Map, RecordReaction.Map, LiftHold.Map)
            .Map(StoragePlaces.Map, StoreUnits.Map, RecordTemperatures.Map)
            .Map(PlaceOrder.Map, GetOrder.Map, ListOrders.Map, ExplainOrder.Map, AllocateOrder.Map, CrossmatchLine.Map, IssueOrder.Map, ReceiveOrder.Map, CancelOrder.Map)
            .Map(OpenLookback.Map, GetLookback.Map, ListLookbacks.Map, CloseLookback.Map)
            .Map(OpenRecall.Map, GetRecall.Map, ListRecalls.Map, CloseRecall.Map, ListHospitalTasks.Map, AnswerHospitalTask.Map)
            .Map(OpenDeviation.Map, CloseDeviation.Map, ReadDeviations.Map)
            .Map(ApproveThresholds.Map, GetStock.Map, GetStockOutlook.Map, GetShelf.Map, GetWastage.Map, PutSnapshot.Map, GetSnapshots.Map, TraceDonation.Map, SearchTraces.Map, ReadHaemovigilance.Map);
    }

    public static Task<int> Main(string[] args) => Create(args).Run();
}
