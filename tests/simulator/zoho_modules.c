// SPDX-License-Identifier: Apache-2.0
#include "base/base.h"
#include "zoho.h"

/*
 * The standard modules. After a field's name is what it is: t text, s long text, i integer, d decimal, c
 * money, b flag, D date, T time, l lookup, u user, p pick list, e mail address, h phone, w URL, n number that
 * counts up, j a list of objects, P picture, L layout.
 */
struct zoho_module zoho_modules[ZOHO_MODULES] = {
    {"leads", "Leads", 'l', 1,
        "Owner:u Company:t First_Name:t Last_Name:t Full_Name:t Salutation:p Designation:t "
        "Email:e Secondary_Email:e Phone:h Mobile:h Fax:t Website:w Lead_Source:p Lead_Status:p "
        "Industry:p No_of_Employees:i Annual_Revenue:c Rating:p Email_Opt_Out:b "
        "Unsubscribed_Mode:p Unsubscribed_Time:T Skype_ID:t Twitter:t Street:t City:t State:t "
        "Zip_Code:t Country:t Description:s Record_Image:P Layout:L Converted__s:b "
        "Converted_Date_Time:T Converted_Account:l Converted_Contact:l Converted_Deal:l "
        "Lead_Conversion_Time:i Last_Activity_Time:T Created_By:u Modified_By:u Created_Time:T "
        "Modified_Time:T Tag:j",
        "Full_Name", lead_text, NULL, NULL},
    {"contacts", "Contacts", 'k', 2,
        "Owner:u First_Name:t Last_Name:t Full_Name:t Salutation:p Account_Name:l Vendor_Name:l "
        "Lead_Source:p Email:e Secondary_Email:e Title:t Department:t Phone:h Home_Phone:h "
        "Other_Phone:h Mobile:h Fax:t Assistant:t Asst_Phone:h Date_of_Birth:D Reporting_To:l "
        "Email_Opt_Out:b Unsubscribed_Mode:p Unsubscribed_Time:T Skype_ID:t Twitter:t "
        "Mailing_Street:t Mailing_City:t Mailing_State:t Mailing_Zip:t Mailing_Country:t "
        "Other_Street:t Other_City:t Other_State:t Other_Zip:t Other_Country:t Description:s "
        "Record_Image:P Layout:L Last_Activity_Time:T Created_By:u Modified_By:u Created_Time:T "
        "Modified_Time:T Tag:j",
        "Full_Name", zoho_contact_text, NULL, NULL},
    {"accounts", "Accounts", 'o', 3,
        "Owner:u Account_Name:t Account_Number:i Account_Site:t Account_Type:p Parent_Account:l "
        "Industry:p Ownership:p Rating:p SIC_Code:i Ticker_Symbol:t Employees:i Annual_Revenue:c "
        "Phone:h Fax:t Website:w Billing_Street:t Billing_City:t Billing_State:t Billing_Code:t "
        "Billing_Country:t Shipping_Street:t Shipping_City:t Shipping_State:t Shipping_Code:t "
        "Shipping_Country:t Description:s Record_Image:P Layout:L Last_Activity_Time:T "
        "Created_By:u Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Account_Name", zoho_account_text, NULL, NULL},
    {"deals", "Deals", 'd', 4,
        "Owner:u Deal_Name:t Account_Name:l Contact_Name:l Campaign_Source:l Stage:p Type:p "
        "Lead_Source:p Amount:c Expected_Revenue:c Probability:i Closing_Date:D Next_Step:t "
        "Pipeline:p Deal_Category_Status:p Reason_For_Loss__s:p Sales_Cycle_Duration:i "
        "Overall_Sales_Duration:i Lead_Conversion_Time:i Description:s Record_Image:P Layout:L "
        "Last_Activity_Time:T Created_By:u Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Deal_Name", deal_text, NULL, NULL},
    {"tasks", "Tasks", 'a', 5,
        "Owner:u Subject:t Due_Date:D Who_Id:l What_Id:l Status:p Priority:p Closed_Time:T "
        "Send_Notification_Email:b Remind_At:j Recurring_Activity:j Description:s Created_By:u "
        "Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Subject", zoho_plain_text, NULL, NULL},
    {"events", "Events", 'e', 6,
        "Owner:u Event_Title:t Venue:t All_day:b Start_DateTime:T End_DateTime:T Who_Id:l "
        "What_Id:l Participants:j Remind_At:j Remind_Participants:j Recurring_Activity:j "
        "Check_In_Time:T Check_In_By:u Check_In_Status:t Check_In_Comment:s Check_In_Address:t "
        "Check_In_Sub_Locality:t Check_In_City:t Check_In_State:t Check_In_Country:t Latitude:d "
        "Longitude:d ZIP_Code:t Description:s Created_By:u Modified_By:u Created_Time:T "
        "Modified_Time:T Tag:j",
        "Event_Title", zoho_plain_text, NULL, NULL},
    {"calls", "Calls", 'c', 7,
        "Owner:u Subject:t Call_Type:p Call_Purpose:p Call_Agenda:t Call_Start_Time:T "
        "Call_Duration:t Call_Duration_in_seconds:i Call_Result:p Outgoing_Call_Status:p "
        "Caller_ID:t Dialled_Number:t CTI_Entry:b Scheduled_In_CRM:p Reminder:p "
        "Voice_Recording__s:w Who_Id:l What_Id:l Description:s Created_By:u Modified_By:u "
        "Created_Time:T Modified_Time:T Tag:j",
        "Subject", zoho_plain_text, NULL, NULL},
    {"products", "Products", 'p', 8,
        "Owner:u Product_Name:t Product_Code:t Product_Active:b Product_Category:p "
        "Manufacturer:p Vendor_Name:l Handler:u Sales_Start_Date:D Sales_End_Date:D "
        "Support_Start_Date:D Support_Expiry_Date:D Unit_Price:c Commission_Rate:c Taxable:b "
        "Tax:j Usage_Unit:p Qty_in_Stock:d Qty_in_Demand:d Qty_Ordered:d Reorder_Level:d "
        "Description:s Record_Image:P Created_By:u Modified_By:u Created_Time:T Modified_Time:T "
        "Tag:j",
        "Product_Name", zoho_plain_text, NULL, NULL},
    {"vendors", "Vendors", 'v', 9,
        "Owner:u Vendor_Name:t Category:t GL_Account:p Phone:h Email:e Website:w Email_Opt_Out:b "
        "Unsubscribed_Mode:p Unsubscribed_Time:T Street:t City:t State:t Zip_Code:t Country:t "
        "Description:s Record_Image:P Created_By:u Modified_By:u Created_Time:T Modified_Time:T "
        "Tag:j",
        "Vendor_Name", zoho_plain_text, NULL, NULL},
    {"price_books", "Price_Books", 'b', 10,
        "Owner:u Price_Book_Name:t Active:b Pricing_Model:p Pricing_Details:j Description:s "
        "Created_By:u Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Price_Book_Name", zoho_plain_text, NULL, NULL},
    {"quotes", "Quotes", 'q', 11,
        "Owner:u Quote_Number:n Subject:t Quote_Stage:p Team:t Carrier:p Valid_Till:D "
        "Deal_Name:l Contact_Name:l Account_Name:l Quoted_Items:j Sub_Total:c Discount:c Tax:c "
        "Adjustment:c Grand_Total:c Currency:p Exchange_Rate:d Billing_Street:t Billing_City:t "
        "Billing_State:t Billing_Code:t Billing_Country:t Shipping_Street:t Shipping_City:t "
        "Shipping_State:t Shipping_Code:t Shipping_Country:t Terms_and_Conditions:s "
        "Description:s Created_By:u Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Subject", zoho_plain_text, NULL, NULL},
    {"sales_orders", "Sales_Orders", 's', 12,
        "Owner:u SO_Number:n Subject:t Status:p Customer_No:t Purchase_Order:t Pending:t "
        "Carrier:p Due_Date:D Excise_Duty:c Sales_Commission:c Quote_Name:l Deal_Name:l "
        "Contact_Name:l Account_Name:l Ordered_Items:j Sub_Total:c Discount:c Tax:c Adjustment:c "
        "Grand_Total:c Currency:p Exchange_Rate:d Billing_Street:t Billing_City:t "
        "Billing_State:t Billing_Code:t Billing_Country:t Shipping_Street:t Shipping_City:t "
        "Shipping_State:t Shipping_Code:t Shipping_Country:t Terms_and_Conditions:s "
        "Description:s Created_By:u Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Subject", zoho_plain_text, NULL, NULL},
    {"purchase_orders", "Purchase_Orders", 'r', 13,
        "Owner:u PO_Number:t Subject:t Status:p Requisition_No:t Tracking_Number:t Carrier:p "
        "PO_Date:D Due_Date:D Excise_Duty:c Sales_Commission:c Vendor_Name:l Contact_Name:l "
        "Purchase_Items:j Sub_Total:c Discount:c Tax:c Adjustment:c Grand_Total:c Currency:p "
        "Exchange_Rate:d Billing_Street:t Billing_City:t Billing_State:t Billing_Code:t "
        "Billing_Country:t Shipping_Street:t Shipping_City:t Shipping_State:t Shipping_Code:t "
        "Shipping_Country:t Terms_and_Conditions:s Description:s Created_By:u Modified_By:u "
        "Created_Time:T Modified_Time:T Tag:j",
        "Subject", zoho_plain_text, NULL, NULL},
    {"invoices", "Invoices", 'i', 14,
        "Owner:u Invoice_Number:n Subject:t Status:p Purchase_Order:t Invoice_Date:D Due_Date:D "
        "Excise_Duty:c Sales_Commission:c Sales_Order:l Deal_Name:l Contact_Name:l "
        "Account_Name:l Invoiced_Items:j Sub_Total:c Discount:c Tax:c Adjustment:c Grand_Total:c "
        "Currency:p Exchange_Rate:d Billing_Street:t Billing_City:t Billing_State:t "
        "Billing_Code:t Billing_Country:t Shipping_Street:t Shipping_City:t Shipping_State:t "
        "Shipping_Code:t Shipping_Country:t Terms_and_Conditions:s Description:s Created_By:u "
        "Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Subject", zoho_plain_text, NULL, NULL},
    {"campaigns", "Campaigns", 'g', 15,
        "Owner:u Campaign_Name:t Type:p Status:p Start_Date:D End_Date:D Parent_Campaign:l "
        "Expected_Revenue:c Budgeted_Cost:c Actual_Cost:c Expected_Response:i Num_sent:i "
        "Currency:p Exchange_Rate:d Description:s Created_By:u Modified_By:u Created_Time:T "
        "Modified_Time:T Tag:j",
        "Campaign_Name", zoho_plain_text, NULL, NULL},
    {"cases", "Cases", 'f', 16,
        "Owner:u Case_Number:n Subject:t Status:p Priority:p Type:p Case_Origin:p Case_Reason:p "
        "Product_Name:l Account_Name:l Deal_Name:l Related_To:l Reported_By:t Email:e Phone:h "
        "Internal_Comments:s Solution:s Comments:j No_of_comments:i Description:s Created_By:u "
        "Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Subject", zoho_plain_text, NULL, NULL},
    {"solutions", "Solutions", 'y', 17,
        "Owner:u Solution_Number:n Solution_Title:t Status:p Published:b Product_Name:l "
        "Question:s Answer:s Comments:j No_of_comments:i Created_By:u Modified_By:u "
        "Created_Time:T Modified_Time:T Tag:j",
        "Solution_Title", zoho_plain_text, NULL, NULL},
    {"notes", "Notes", 'z', 18,
        "Owner:u Note_Title:t Note_Content:s Parent_Id:l Created_By:u Modified_By:u "
        "Created_Time:T Modified_Time:T",
        "Note_Title", zoho_plain_text, NULL, NULL},
    {"projects", "Projects", 'w', 19,
        "Owner:u Name:t Budget:c Started_On:D Stage:p Billable:b Hours_Spent:d Account:l Summary:s "
        "Created_By:u Modified_By:u Created_Time:T Modified_Time:T Tag:j",
        "Name", zoho_plain_text, NULL, NULL},
};
