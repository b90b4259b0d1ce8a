using BloodPlatform.Chassis;

namespace BloodPlatform.Inventory;

/// <summary>Why this service says no, a line each. Codes are published: add, never change.</summary>
public static class Problems
{
    public static readonly ProblemCode DinInvalid = new("din_invalid", 422, "献血码格式或校验字符有误", "Not a donation number, or its check character is wrong");
    public static readonly ProblemCode DinUnknown = new("din_unknown", 422, "该献血码未发放给本站", "This donation number was not issued to this station");
    public static readonly ProblemCode DinSequenceExhausted = new("din_sequence_exhausted", 409, "该机构该年度的献血码已用尽", "The numbers of this facility and year are used up");
    public static readonly ProblemCode DinYearNotOpen = new("din_year_not_open", 422, "该年度尚不可发码", "Numbers of this year are not issued yet");
    public static readonly ProblemCode RunExists = new("run_exists", 409, "该检测批号已登记", "This station has recorded a run of this id");
    public static readonly ProblemCode ImportUnreadable = new("import_unreadable", 422, "文件不是所需的 CSV", "The file is not the CSV that this import takes");
    public static readonly ProblemCode ImportExists = new("import_exists", 409, "该文件正在导入", "This very file is being imported");
    public static readonly ProblemCode PoolContradicts = new("pool_contradicts", 422, "同一混样的结果互相矛盾", "The rows of this run say two things of one pool");
    public static readonly ProblemCode OwnResult = new("own_result", 409, "检测结果不得由其录入者更正", "Whoever recorded a result does not correct it");
    public static readonly ProblemCode ResultCorrected = new("result_corrected", 409, "该结果已被更正，请更正其更正", "This result has been corrected; correct the correction");
    public static readonly ProblemCode PerformedInFuture = new("performed_in_future", 422, "时间在将来", "It lies in the future");
    public static readonly ProblemCode RecipeNotApplicable = new("recipe_not_applicable", 422, "该制备方案不适用于此次献血", "This recipe does not fit this donation");
    public static readonly ProblemCode ComponentRestricted = new("component_restricted", 422, "此次采集限制制备该成分", "The collection forbids this component");
    public static readonly ProblemCode PreservativeUnknown = new("preservative_unknown", 422, "该保存液无对应保存期", "No shelf life is known for this preservative");
    public static readonly ProblemCode VolumeExceedsDonation = new("volume_exceeds_donation", 422, "成分总量超过采集量", "The components hold more than was drawn");
    public static readonly ProblemCode NothingToProcess = new("nothing_to_process", 409, "采集中止，无可制备血液", "The collection was abandoned: nothing to process");
    public static readonly ProblemCode ComponentsMade = new("components_made", 409, "该次献血已制备成分", "The components of this donation have been made");
    public static readonly ProblemCode BackfillReasonRequired = new("backfill_reason_required", 422, "补录须说明原因", "What is recorded afterwards needs backfillReason");
    public static readonly ProblemCode NotReleasable = new("not_releasable", 409, "不符合放行条件", "The conditions of release are not met");
    public static readonly ProblemCode SameSigner = new("same_signer", 409, "两次签名须为不同人员", "Two different people must sign");
    public static readonly ProblemCode EnteredResults = new("entered_results", 409, "录入检测结果者不得签名放行", "Whoever entered its results may not release it");
    public static readonly ProblemCode AlreadyReleased = new("already_released", 409, "已放行", "It has been released");
    public static readonly ProblemCode DonorFactsStale = new("donor_facts_stale", 503, "献血者信息可能不是最新，请稍后以同一请求重试", "What is known of the donor may be out of date; send the same request later");
    public static readonly ProblemCode UnitState = new("unit_state", 409, "血袋当前状态不允许此操作", "The state of the unit forbids this");
    public static readonly ProblemCode ProcessNotApplicable = new("process_not_applicable", 422, "该处理不适用于此血袋", "This can't be done to this bag");
    public static readonly ProblemCode VolumeExceedsUnit = new("volume_exceeds_unit", 422, "分装总量超过原血袋", "The parts hold more than the bag");
    public static readonly ProblemCode StationNotMirrored = new("station_not_mirrored", 409, "本站使用平台工作流程，不接收自有系统的上报", "This station works with the platform; its authority or the operator says when its own software tells what it does");
    public static readonly ProblemCode FacilityTaken = new("facility_taken", 409, "该机构标识已属于另一血站", "The facility is another station's");
    public static readonly ProblemCode DonationReported = new("donation_reported", 409, "该献血已有登记", "This donation is known already");
    public static readonly ProblemCode DonationUnanswered = new("donation_unanswered", 409, "献血登记尚未确认，请稍后再报", "Whose donation it is has not been answered yet; send it again in a moment");
    public static readonly ProblemCode UnitExists = new("unit_exists", 409, "该标签的血袋已登记且内容不同", "A bag of this label is known, and is another");
    public static readonly ProblemCode UnitUnknown = new("unit_unknown", 422, "本站没有该血袋", "This station has no such bag");
    public static readonly ProblemCode SnapshotOlder = new("snapshot_older", 409, "已有同时或更新的库存快照", "A count of this moment or a later one was reconciled already");
    public static readonly ProblemCode DeviationClosed = new("deviation_closed", 409, "该偏差已关闭", "The deviation is closed");
    public static readonly ProblemCode PlaceUnsuitable = new("place_unsuitable", 422, "血袋不能存放于此", "Not all of these can be kept there");
    public static readonly ProblemCode PlaceClosed = new("place_closed", 409, "该存放处已停用", "This place of storage is closed");
    public static readonly ProblemCode PlaceInUse = new("place_in_use", 409, "该存放处仍有血袋", "Bags are in this place");
    public static readonly ProblemCode PlaceRecalled = new("place_recalled", 409, "该存放处该时段正在召回", "What was in this place at that time is under recall; recall the bag by its number, then say since now");
    public static readonly ProblemCode UnitTaken = new("unit_taken", 409, "血袋已被另一订单占用", "The unit is promised to another order");
    public static readonly ProblemCode AlreadyTransfused = new("already_transfused", 409, "该血袋的输注已登记", "The transfusion of this unit is recorded");
    public static readonly ProblemCode HoldLifted = new("hold_lifted", 409, "该锁定已解除", "The hold has been lifted");
    public static readonly ProblemCode StillReactive = new("still_reactive", 409, "检测结论不合格，不能解除", "A test stands against it: the hold stays");
    public static readonly ProblemCode DonationVoided = new("donation_voided", 409, "该献血记录已作废", "The donation is void");
    public static readonly ProblemCode LookbackOpen = new("lookback_open", 409, "该献血者在本站已有进行中的回溯调查", "This station has an open look-back of the donor");
    public static readonly ProblemCode LookbackClosed = new("lookback_closed", 409, "该回溯调查已结束", "The look-back is closed");
    public static readonly ProblemCode RecallEmpty = new("recall_empty", 422, "召回范围内没有献血记录", "Nothing lies in this scope");
    public static readonly ProblemCode RecallTooLarge = new("recall_too_large", 422, "召回范围过大，请分次召回", "The scope is too large for one case; split it");
    public static readonly ProblemCode RecallClosed = new("recall_closed", 409, "该召回已结束", "The recall is closed");
    public static readonly ProblemCode RecallUnresolved = new("recall_unresolved", 409, "尚有医院未答复的血袋，不能结束召回", "Hospitals have not answered for all bags");
    public static readonly ProblemCode TaskAnswered = new("task_answered", 409, "该血袋已有最终答复", "The last answer for this bag is final");
    public static readonly ProblemCode NeededByPast = new("needed_by_past", 422, "用血时间须在将来", "neededBy must lie in the future");
    public static readonly ProblemCode QuantityUnit = new("quantity_unit_not_applicable", 422, "该成分不以此单位计量", "This component is not counted in this unit");
    public static readonly ProblemCode RhdPositiveRefused = new("rhd_positive_refused", 422, "该RhD阴性患者不得输注RhD阳性血液", "RhD positive blood is not given to this RhD negative patient: a female up to 50, anybody up to 18, who has anti-D, or whose sex or age is not known");
    public static readonly ProblemCode OrderState = new("order_state", 409, "订单当前状态不允许此操作", "The state of the order forbids this");
    public static readonly ProblemCode CountDiffers = new("count_differs", 409, "清点数量与发出数量不符", "The count differs from what travelled; say in units which arrived");
    public static readonly ProblemCode NotIssuable = new("not_issuable", 409, "订单中有不可发出的血袋", "The order holds units that may not leave");
}
